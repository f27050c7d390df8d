"""What to type next, for a run as its journal tells it: commands that work when they are pasted."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bulkscim.journal.runfolder import CHILD
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.model.typed import command
from bulkscim.reporting.again import run_words, shown, tenant_words
from bulkscim.reporting.hints import LEFT

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
    """Return what a summary says of the commands that come next: `next`, `undo` of a run that has ended, and `later`.

    `written`: the results files have just been written.
    """
    commands = list(_next(summary, folder, header, typed, written=written))
    told: JsonObject = {"next": commands}
    ended = summary["state"] == RunState.FINISHED and not (
        summary.get("purged_at") or summary.get("rollbacks")
    )
    if (summary["done"] or summary.get("undoable")) and (ended or not commands):
        told["undo"] = command("rollback", run_name(folder), "-n", *typed.access)
    if summary.get("later"):
        told["later_command"] = command(
            "run", shown(Path(summary["later"])), *tenant_words(header), *typed.access
        )
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
    if summary.get("again"):
        return [" ".join((summary["again"], *command(*typed.access).split(" ")[1:]))]
    if summary["state"] != RunState.FINISHED or summary["in_doubt"]:
        return [command("resume", run, *_raised(summary), *typed.access, *typed.job)]
    if not written:
        return [command("results", run, *typed.job)]
    if not summary["failed"] and not summary["skipped"]:
        return ()
    commands = list(_after_failures(summary, header, typed))
    if commands or (header.get("parent") and _is_all_left(summary)):
        return commands
    return [command("retry", run, *typed.access, *typed.job)]


def _is_all_left(summary: JsonObject) -> bool:
    """Return whether a rollback left all that it did not do since it was changed after the run: a retry would as well."""
    bad = (one for one in summary.get("causes") or () if one["state"] in {RowState.FAILED, RowState.SKIPPED})
    left = [LEFT in one["detail"] for one in bad]
    return bool(left) and all(left)


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
        yield command(*run_words(header, Path(summary["errors"])), *typed.access)
