"""What to type next, for a run as its journal tells it: commands that work when they are pasted."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkscim.journal.runfolder import CHILD
from bulkscim.model.operation import USER, JsonObject
from bulkscim.model.run import RunState
from bulkscim.model.typed import command

_GENERIC = "generic"
_ADOPTIONS = re.compile(r"--max-adopt allows (\d+)")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the user typed and the next command needs again.

    `access` are the flags that say where the token is, `job` where the job file is now; `again` is the whole command
    of a dry run without the flag that made it one.
    """

    access: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    again: str = ""


NOTHING = Typed()


def run_name(folder: Path) -> str:
    """Return how to name a run in a command: by its id where that is found from here, else by its path."""
    if folder.name.startswith(CHILD):
        return f"{run_name(folder.parent)}/{folder.name}"
    usual = Path(os.environ.get("BULKSCIM_RUNS_DIR") or "runs")
    if folder.parent.resolve() == usual.resolve():
        return folder.name
    text = str(folder)
    return f"./{text}" if text.startswith("-") else text


def told_next(
    summary: JsonObject, folder: Path, header: JsonObject, typed: Typed = NOTHING, *, written: bool = False
) -> JsonObject:
    """Return what a summary says of the commands that come next: `next`, `undo` of a run that ended well, and `later`.

    `written`: the results files have just been written.
    """
    commands = list(_next(summary, folder, header, typed, written=written))
    told: JsonObject = {"next": commands}
    if not commands and summary["done"]:
        told["undo"] = command("rollback", run_name(folder), "-n", *typed.access)
    if summary.get("later"):
        told["later_command"] = command("run", Path(summary["later"]), *tenant_words(header), *typed.access)
    return told


def _next(
    summary: JsonObject, folder: Path, header: JsonObject, typed: Typed, *, written: bool
) -> Iterable[str]:
    """Return the next commands, the best first; none for a run that ended well and was told in full."""
    run = run_name(folder)
    if summary.get("purged_at"):
        return [command("verify", run)]
    if summary.get("rollbacks"):
        return [command("status", f"{run}/{summary['rollbacks'][-1]}")]
    if summary["state"] == RunState.RUNNING:
        return [command("status", run)]
    if summary["state"] != RunState.FINISHED or summary["in_doubt"]:
        return [command("resume", run, *_raised(summary), *typed.access, *typed.job)]
    if not written:
        return [command("results", run, *typed.job)]
    return _after_failures(summary, header, typed) if summary["failed"] or summary["skipped"] else ()


def _raised(summary: JsonObject) -> tuple[str, ...]:
    """Return the flag without which the run would stop at once for the same reason."""
    found = _ADOPTIONS.search(str(summary.get("why") or ""))
    return ("--max-adopt", str(max(20, 2 * int(found[1])))) if found else ()


def _after_failures(summary: JsonObject, header: JsonObject, typed: Typed) -> Iterable[str]:
    """Return the retries that the causes name, and the run of the errors file where records must be corrected."""
    more = command(*typed.access, *typed.job).partition(" ")[2]
    causes = summary.get("causes") or []
    retries = dict.fromkeys(cause["command"] for cause in causes if cause["command"])
    yield from (" ".join(filter(None, (retry, more))) for retry in retries)
    if summary.get("errors") and not header.get("parent"):
        yield command(
            "run", Path(summary["errors"]), *record_words(header), *tenant_words(header), *typed.access
        )


def record_words(header: JsonObject) -> tuple[str, ...]:
    """Return the flags by which another file is read and treated as the run's own was."""
    defaults, settings = (_object(header, name) for name in ("defaults", "settings"))
    flags = {name: defaults.get(name) for name in ("op", "type", "match")}
    flags["type"] = None if flags["type"] == USER else flags["type"]
    definitions = header.get("definitions") or [None]
    flags["map"] = definitions[-1]
    if settings.get("on_exists", "adopt") != "adopt":
        flags["on-exists"] = settings["on_exists"]
    words = [word for name, value in flags.items() if value for word in (f"--{name}", str(value))]
    return (*words, *(("--create-groups",) if settings.get("create_groups") else ()))


def tenant_words(header: JsonObject) -> tuple[str, ...]:
    """Return the flags that name the run's tenant."""
    tenant, settings = _object(header, "tenant"), _object(header, "settings")
    name, profile = tenant.get("name"), tenant.get("profile") or _GENERIC
    words = ["--tenant", str(name)] if name else ["--base-url", str(tenant.get("base_url"))]
    words += ["--profile", str(profile)] if profile != _GENERIC else []
    for flag in ("proxy", "ca_bundle") if not name else ():
        words += [f"--{flag.replace('_', '-')}", str(settings[flag])] if settings.get(flag) else []
    return tuple(words)


def _object(values: JsonObject, name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
