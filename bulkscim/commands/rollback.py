"""`bulkscim rollback RUN`: undo a run."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import final_report, options, runtime, tenant_options, typed_flags
from bulkscim.commands.value_types import LimitType, VerbType
from bulkscim.journal.settings import Connection
from bulkscim.model.limits import GuardLimits
from bulkscim.model.operation import Verb
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.model.typed import NEXT, next_line
from bulkscim.outputs import is_stdout
from bulkscim.reporting.console import Console
from bulkscim.runs.options import Approval

if TYPE_CHECKING:
    from bulkscim.jobfile.source import JobSource
    from bulkscim.journal.header import Header
    from bulkscim.runs.report import RunReport
    from bulkscim.runs.request import RollbackRequest


@dataclass(frozen=True, slots=True)
class PickFlags:
    """Which steps are meant, and whether created users are deactivated instead of deleted."""

    rows: tuple[int, ...]
    keys: tuple[str, ...]
    verbs: tuple[Verb, ...]
    soft: bool


@dataclass(frozen=True, slots=True)
class RollbackFlags:
    """What the command line says of a rollback."""

    run: str
    picked: PickFlags
    tenant_flags: options.OwnTenantFlags
    connection: Connection
    limits: GuardLimits
    approval: Approval
    voice: options.Voice
    runs_dir: Path
    on_drift: str
    same_tenant: str
    note: str
    dry_run: bool
    out: Path | None
    force: bool
    as_json: bool


@click.command("rollback")
@options.run_argument
@click.option(
    "--on-drift",
    type=click.Choice(["skip", "force"]),
    default="skip",
    show_default=True,
    help="What others have changed since: leave it, or overwrite it.",
)
@click.option(
    "--row", "rows", type=click.IntRange(min=1), multiple=True, metavar="N", help="Undo only this row."
)
@click.option(
    "--key", "keys", multiple=True, metavar="K", help="Undo only this user or group: a name or an id."
)
@click.option("--op", "verbs", type=VerbType(), multiple=True, help="Undo only rows of this operation.")
@click.option("--soft", is_flag=True, help="Deactivate users that the run created, instead of deleting them.")
@click.option(
    "--out",
    type=options.path(),
    metavar="FILE",
    help="Write the inverse as a job file (JSONL; - is standard output); send nothing.",
)
@options.force
@click.option(
    "--max-delete",
    type=LimitType(),
    help="Most users to delete (default: no bound for a run of the last 7 days; else the smaller of 100 and 20% of the "
    "tenant's users, but at least 5).",
)
@options.protect_unknown
@options.same_tenant
@options.own_tenant
@options.tokens
@options.runs_dir
@options.pace
@options.times
@options.network
@options.approval
@options.option("--note", default="", metavar="TEXT", help="A note that the journal keeps.")
@options.option("-n", "--dry-run", is_flag=True, help="Show the whole inverse; send and write nothing.")
@options.as_json
@options.voice
@options.given_as(RollbackFlags)
def command(flags: RollbackFlags) -> "RunReport | None":
    """Undo RUN, except what was changed since.

    RUN is a run id, a run folder, or `last`, the newest run. `rollback RUN/rollback-1` undoes the undo.

    \b
    Examples:
      bulkscim rollback last -n
      bulkscim rollback last --row 17

    Exit codes: 0 every row ended as wanted; 3 some failed or were skipped; 4 refused by a guard, or not approved; 5
    stopped early; 6 some are in doubt. More: `bulkscim --help`.
    """
    from bulkscim.reporting.recorded import lasting_name, read_header

    people = runtime.people_of(flags.voice, yes=flags.approval.yes)
    name = click.get_current_context().params["run"] = lasting_name(flags.run, flags.runs_dir)
    if flags.out is not None:
        runtime.layout_of(flags.out, "jsonl")
    header = read_header(name, flags.runs_dir)
    request = _request(people, header, replace(flags, run=name))
    if flags.out is not None:
        _write(request, people, flags.out, force=flags.force)
        return None
    from bulkscim.reporting.summary import write
    from bulkscim.runs.rollback import rollback

    with tenant_options.naming_the_tenant(header), runtime.watching(people) as watcher:
        show = partial(_show, people, as_json=flags.as_json) if request.dry_run else None
        report = runtime.carry_out(lambda: rollback(request, people, watcher, show))
    if report.totals.rows:
        final_report.tell(report, people, typed_flags.typed(), as_json=flags.as_json)
        _tell_left(report, request, people)
    elif flags.as_json:
        runtime.print_json(write(final_report.summary_of(report)))
    return report


def _request(people: Console, header: "Header", flags: RollbackFlags) -> "RollbackRequest":
    """Return what is asked; the tenant is the run's own."""
    from bulkscim.runs.inverse_job import Chosen
    from bulkscim.runs.request import RollbackRequest

    tenant, connection = tenant_options.tenant_of_run(people, header, flags.tenant_flags, flags.connection)
    rows, keys = frozenset(flags.picked.rows), frozenset(flags.picked.keys)
    verbs = frozenset(verb.value for verb in flags.picked.verbs)
    return RollbackRequest(
        run=flags.run,
        runs_dir=flags.runs_dir,
        tenant=tenant,
        on_drift=flags.on_drift,
        chosen=Chosen(rows, keys, verbs, flags.picked.soft),
        connection=connection,
        limits=flags.limits,
        approval=flags.approval,
        same_tenant=flags.same_tenant,
        note=flags.note,
        dry_run=flags.dry_run,
    )


def _tell_left(report: "RunReport", request: "RollbackRequest", people: Console) -> None:
    """Say what changed since could be undone first, or overwritten; name only commands that change something."""
    if not report.drifted or request.on_drift != "skip":
        return
    in_part = any(cause.status for cause in report.causes if cause.state is RowState.SKIPPED)
    ended = report.state is RunState.FINISHED
    if request.dry_run and ended and (report.totals.done or in_part):
        people.note(NEXT + typed_flags.typed().again)
    access = typed_flags.flags(typed_flags.ACCESS)
    rows = f"{report.drifted:,} row{'s' * (report.drifted != 1)}"
    if report.later:
        newest = report.later[-1]
        people.note(
            f"{rows} left, since their resources were changed after the run: by a later run ({newest}), or by others. "
            "Undo the later run first:"
        )
        people.note(next_line("rollback", newest, "-n", *access))
        people.note("or overwrite what was changed since:")
    else:
        people.note(f"{rows} left, since others changed their resources after the run; to overwrite that:")
    people.note(next_line("rollback", request.run, "--on-drift", "force", "-n", *access))


def _write(request: "RollbackRequest", people: Console, out: Path, *, force: bool) -> None:
    from bulkscim.reporting.next_commands import tenant_words
    from bulkscim.reporting.recorded import read_header
    from bulkscim.runs.rollback import write_out

    if write_out(request, people, out, force=force) and not is_stdout(out):
        runtime.print_lines([str(out)])
        header = read_header(request.run, request.runs_dir)
        access = typed_flags.flags(typed_flags.ACCESS)
        people.note(next_line("run", out, *tenant_words(header), *access, "-n"))


def _show(people: Console, source: "JobSource", *, as_json: bool) -> None:
    """Show the inverse; where the output is for programs, as messages."""
    from bulkscim.reporting.rollback_preview import inverse_lines

    if not as_json:
        runtime.print_text(inverse_lines(source))
        return
    for line in inverse_lines(source):
        people.say(line)
