"""`bulkscim runs`: the runs of this folder; `runs purge`: remove personal data from old ones."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, runtime
from bulkscim.errors import BulkScimError
from bulkscim.model.typed import next_line
from bulkscim.reporting.console import Console

if TYPE_CHECKING:
    from bulkscim.runs.purging import NotPurged, Old

_DAYS = {"h": 1 / 24, "d": 1, "w": 7}
_SHOWN = 20


class AgeType(click.ParamType[float]):
    """A time such as 90d, in seconds."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number of hours, days or weeks."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,5})([hdw])", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is not an age; write 90d, 12w or 36h", param, ctx)
        return int(found[1]) * _DAYS[found[2]] * 86_400.0


@click.group("runs", invoke_without_command=True)
@options.runs_dir
@options.as_json
@click.pass_context
def command(context: click.Context, /, runs_dir: Path, *, as_json: bool) -> None:
    """List all runs, the newest first, with their rollbacks.

    \b
    Example:
      bulkscim runs

    Exit codes: see `bulkscim --help`.
    """
    if context.invoked_subcommand is not None:
        return
    from bulkscim.reporting.recorded import list_runs, listing_lines

    listed = list(list_runs(runs_dir))
    if as_json:
        runtime.print_json([each.told() for each in listed])
    elif listed:
        runtime.print_lines(listing_lines(listed))
    else:
        runtime.print_lines([f"no runs in {runs_dir}", next_line("run", "--help")])


@dataclass(frozen=True, slots=True)
class PurgeFlags:
    """What the command line says of runs that are purged; what is open may be said before `purge`."""

    older_than: float
    unfinished: bool
    yes: bool
    dry_run: bool
    runs_dir: Path | None
    as_json: bool
    voice: options.Voice


@command.command("purge")
@click.option(
    "--older-than",
    type=AgeType(),
    required=True,
    metavar="AGE",
    help="The age from which runs are purged, such as 90d, 12w, 36h.",
)
@click.option(
    "--unfinished", is_flag=True, help="Also purge runs that could be resumed, or have rows in doubt."
)
@click.option("--yes", is_flag=True, help="Approve in advance.")
@click.option("-n", "--dry-run", is_flag=True, help="Show which runs would be purged; remove nothing.")
@options.option("--runs-dir", type=options.path(), help="Where run folders are.")
@options.as_json
@options.voice
@options.given_as(PurgeFlags)
def purge(flags: PurgeFlags) -> None:
    """Remove personal data from old runs. This cannot be undone.

    The header, the totals and the chain heads of a run stay.

    \b
    Examples:
      bulkscim runs purge --older-than 90d -n
      bulkscim runs purge --older-than 90d

    Exit codes: 0 purged, or nothing is that old; 4 not approved. More: `bulkscim --help`.
    """
    from bulkscim.engine.clock import RealClock
    from bulkscim.journal.durable import LocalDisk
    from bulkscim.runs.purging import Old, old_runs

    people = runtime.people_of(flags.voice, yes=flags.yes)
    parent = click.get_current_context().parent
    above = parent.params if parent else {}
    runs_dir, as_json = flags.runs_dir or above["runs_dir"], flags.as_json or above["as_json"]
    found = list(old_runs(runs_dir, flags.older_than, LocalDisk(), RealClock(), unfinished=flags.unfinished))
    old = [each for each in found if isinstance(each, Old)]
    left = [each for each in found if not isinstance(each, Old)]
    for each in left:
        people.note(f"not purged: {each.path}: {each.why}")
    if old and not flags.dry_run:
        people.approve(f"Purge {_total(old)} for good?", _lines(old), undone="Nothing was removed.")
        old, more = _purged(old, people)
        left += more
    _tell(old, left, dry_run=flags.dry_run, as_json=as_json)


def _purged(old: "list[Old]", people: Console) -> "tuple[list[Old], list[NotPurged]]":
    """Purge each run that can be; return those, and what was left."""
    from bulkscim.engine.clock import RealClock
    from bulkscim.journal.durable import LocalDisk
    from bulkscim.runs.purging import NotPurged
    from bulkscim.runs.purging import purge as purge_run

    done, left = [], []
    for each in old:
        try:
            left += purge_run(each, LocalDisk(), RealClock())
            done.append(each)
        except BulkScimError as error:
            left.append(NotPurged(each.folder, str(error)))
    for stays in left:
        people.warn(f"not removed: {stays.path}: {stays.why}")
    return done, left


def _total(old: "list[Old]") -> str:
    return f"{len(old):,} run{'s' * (len(old) != 1)}, {sum(each.size for each in old):,} bytes"


def _lines(old: "list[Old]") -> list[str]:
    from bulkscim.reporting.durations import moment

    return [
        f"{each.folder.name:<34} {each.rows:>10,} rows {each.size:>14,} bytes  {moment(each.ended)}"
        for each in old
    ]


def _tell(old: "list[Old]", left: "list[NotPurged]", *, dry_run: bool, as_json: bool) -> None:
    """Say what went, or would go, and what stays."""
    if as_json:
        gone = [{"run": each.folder.name, "rows": each.rows, "bytes": each.size} for each in old]
        stays = [{"path": str(each.path), "why": each.why} for each in left]
        runtime.print_json({"dry_run": dry_run, "purged": gone, "left": stays})
        return
    runtime.print_lines(_lines(old) if dry_run else ())
    said = "would be purged; nothing is removed" if dry_run else "purged; the list of runs shows what is kept"
    runtime.print_lines([f"{_total(old)} {said}" if old else "no run is that old; nothing was purged"])
