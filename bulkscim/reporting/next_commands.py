"""What to type next, for a run as its journal tells it: commands that work when they are pasted."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bulkscim.journal.header import Header
from bulkscim.journal.runfolder import CHILD
from bulkscim.model import bounded_toml
from bulkscim.model.guard_table import BY_NAME
from bulkscim.model.operation import USER
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.model.selection import RowSelection
from bulkscim.model.typed import command
from bulkscim.planning.guards import bounds
from bulkscim.reporting.hints import LEFT
from bulkscim.reporting.summary import Summary

_LIMIT = re.compile(r"(--max-[a-z]+|--seats) allows ([\d,]+)")
_NUMBER = re.compile(r" number ([\d,]+) ")  # that the row would be for which a run stops
_NOT_RIGHT = "of the canary did not end as wanted"
_GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the user typed and the next command needs again.

    `access` are the flags that say where the token is, `job` where the job file is now; `again` is the whole command
    of a dry run without the flag that made it one, `looks` the command that looks at it again, with other flags.
    `is_plan`: `again` applies a plan file that was written.
    """

    access: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    again: str = ""
    looks: str = ""
    is_plan: bool = False


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


def with_next(
    summary: Summary, folder: Path, header: Header, typed: Typed = NOTHING, *, written: bool = False
) -> Summary:
    """Return a summary with the commands that come next: `next`, `undo` of a run that has changed something, and `later_command`.

    `written`: the results files have just been written.
    """
    commands = tuple(_next(summary, folder, header, typed, written=written))
    undo = later = None
    can_undo = summary.state is not RunState.RUNNING and not (summary.purged_at or summary.rollbacks)
    if can_undo and (summary.totals.done or summary.undoable):
        undo = command("rollback", run_name(folder), "-n", *typed.access)
    if summary.later and not summary.purged_at:
        later = command("run", shown(Path(summary.later)), *tenant_words(header), *typed.access)
    return replace(summary, next=commands, undo=undo, later_command=later)


def _next(summary: Summary, folder: Path, header: Header, typed: Typed, *, written: bool) -> Iterable[str]:
    """Return the next commands, the best first; none for a run that ended well and was told in full."""
    run, totals = run_name(folder), summary.totals
    if summary.purged_at:
        return [command("verify", run)]
    if summary.rollbacks:
        return [command("status", f"{run}/{summary.rollbacks[-1]}")]
    if summary.state is RunState.RUNNING:
        return [command("status", run)]
    if summary.again:
        return [" ".join((summary.again, *command(*typed.access).split(" ")[1:]))]
    if _NOT_RIGHT in (summary.why or ""):
        return [command(one, run, *typed.access, *typed.job) for one in ("retry", "resume")]
    if summary.state is not RunState.FINISHED or totals.in_doubt:
        return [command("resume", run, *_raised(summary), *typed.access, *typed.job)]
    if not written:
        return [command("results", run, *typed.job)]
    if not totals.failed and not totals.skipped:
        return ()
    commands = list(_after_failures(summary, header, typed))
    if commands or (header.parent and _is_all_left(summary)):
        return commands
    return [command("retry", run, *typed.access, *typed.job)]


def _is_all_left(summary: Summary) -> bool:
    """Return whether a rollback left all that it did not do since it was changed after the run: a retry would as well."""
    bad = (one for one in summary.causes or () if one.state in {RowState.FAILED, RowState.SKIPPED})
    left = [LEFT in one.detail for one in bad]
    return bool(left) and all(left)


def _raised(summary: Summary) -> tuple[str, ...]:
    """Return the flag without which the run would stop at once for the same reason, high enough for all rows that are left."""
    found = _LIMIT.search(summary.why or "")
    if found is None:
        return ()
    number = _NUMBER.search(summary.why or "")
    first = max(_counted(found[2]) + 1, _counted(number[1]) if number else 0)
    return found[1], str(first + max(0, summary.totals.pending - 1))


def _counted(text: str) -> int:
    return int(text.replace(",", ""))


def _after_failures(summary: Summary, header: Header, typed: Typed) -> Iterable[str]:
    """Return the retries that the causes name, and the run of the errors file where records must be corrected."""
    more = command(*typed.access, *typed.job).partition(" ")[2]
    retries = dict.fromkeys(cause.command for cause in summary.causes or () if cause.command)
    for retry in retries:  # one with a flag takes up the rows of one without
        if not any(other.startswith(f"{retry} ") for other in retries):
            yield " ".join(filter(None, (retry, more)))
    if summary.errors and not header.parent:
        yield command(*run_words(header, Path(summary.errors)), *typed.access)


def job_command(header: Header, name: str = "run", *more: object) -> str:
    """Return the command line for a new run or plan of a job, as the header of an earlier one describes it.

    Canary, guards and approval are not repeated; see `same_run_command`.
    """
    selection = header.selection or RowSelection(limit=header.settings.limit)
    return command(name, *_job(header), *_flags(header), *selection.flags(), *tenant_words(header), *more)


def same_run_command(header: Header) -> str:
    """Return the command line that begins a run again, under its guards and with its canary; without its approval.

    Guards that are as they are without a flag are not named.
    """
    canary = ("--canary", len(header.canary)) if header.canary else ()
    return job_command(header, "run", *canary, *_guards(header))


def _guards(header: Header) -> Iterator[object]:
    found = header.guards.bounds
    usual = bounds({}, sum(header.verbs.values()), header.live_users)
    for name in (*BY_NAME, "max_errors", "max_adopt", "seats", "max_emptied"):
        value = getattr(found, name)
        if value is not None and value != getattr(usual, name):
            yield from (_flag(name), value)
    for name in ("max_removals", "max_share"):
        limits = getattr(found, name) or ()
        if len(limits) == 1:  # several come from files, which hold again
            yield from (_flag(name), *limits)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def run_words(header: Header, file: Path) -> Iterator[object]:
    """Yield the words that bring another file to the run's tenant, read and treated as the run's own was.

    Where the run applied a plan the file is planned first.
    """
    yield from ("plan" if header.plan else "run", shown(file))
    for path in header.definitions[-1:]:
        yield from ("--map", shown(Path(path)))
    yield from _flags(header)
    yield from tenant_words(header)


def _job(header: Header) -> Iterator[object]:
    """Yield the job definition where the run had one that names the job file, else job file and map."""
    job = Path(header.job.path)
    definitions = [Path(path) for path in header.definitions]
    definition = next((path for path in definitions if _names(path, job)), None)
    yield shown(definition or job)
    if header.job.header_line:
        yield from ("--header-line", header.job.header_line)
    for path in definitions[-1:]:
        if path != definition:
            yield from ("--map", shown(path))


def _names(definition: Path, job: Path) -> bool:
    """Return whether a TOML file names this job file."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        named = str(bounded_toml.loads(definition.read_text(encoding="utf-8-sig"))["job"]["file"])
        return (definition.parent / named).resolve() == job
    return False


def _flags(header: Header) -> Iterator[object]:
    defaults, rules = header.defaults, header.settings.rules
    if defaults.op:
        yield from ("--op", defaults.op)
    if defaults.type != USER:
        yield from ("--type", defaults.type)
    if defaults.match:
        yield from ("--match", defaults.match)
    if rules.on_exists not in {None, "adopt"}:
        yield from ("--on-exists", rules.on_exists)
    if rules.create_groups:
        yield "--create-groups"


def tenant_words(header: Header) -> Iterator[object]:
    """Yield the flags that name the run's tenant, and the way to one that has no name."""
    tenant, connection = header.tenant, header.settings.connection
    yield from ("--tenant", tenant.name) if tenant.name else ("--base-url", tenant.base_url)
    if header.own_profile is not None:
        yield from ("--profile", header.own_profile.file)
    elif tenant.profile not in {"", _GENERIC}:
        yield from ("--profile", tenant.profile)
    if not tenant.name and connection.proxy:
        yield from ("--proxy", connection.proxy)
    if not tenant.name and connection.ca_bundle:
        yield from ("--ca-bundle", shown(connection.ca_bundle))


def shown(path: Path) -> Path:
    """Return a path as seen from the current folder, where it is below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
