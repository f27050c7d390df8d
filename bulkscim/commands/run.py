"""`bulkscim run JOB`: bring a job file to a tenant."""

from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import ending, options, reaching, setting, typed_flags
from bulkscim.reporting.console import Console

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport
    from bulkscim.runs.request import RunRequest


@click.command("run")
@click.argument("job")
@options.tenant
@options.tokens
@options.records
@options.strict
@options.on_exists
@options.create_groups
@options.option(
    "--read-back", type=click.Choice(["sample", "all"]), help="Read rows again after their writes."
)
@options.option("--run-dir", type=options.path(), help="The run folder, instead of a new one.")
@options.runs_dir
@options.pace
@options.network
@options.guards
@options.option("--note", default="", metavar="TEXT", help="Kept in the journal.")
@options.option("-n", "--dry-run", is_flag=True, help="Read, decide and count; send and write nothing.")
@options.as_json
@options.voice
def command(job: str, *, verbose: bool, quiet: bool, as_json: bool, **chosen: Any) -> "RunReport":
    """Bring JOB (a definition .toml; .csv, .jsonl, either .gz; - for standard input) to a tenant."""
    people = setting.people_of(verbose=verbose, quiet=quiet, yes=chosen["yes"])
    request = _request(job, people, chosen)
    from bulkscim.runs.start import run

    with setting.watching(people) as watcher:
        report = setting.carry_out(lambda: run(request, people, watcher))
    ending.tell(report, people, typed_flags.typed(), as_json=as_json)
    return report


def _request(job: str, people: Console, chosen: dict[str, Any]) -> "RunRequest":
    """Return what is asked, and of which tenant."""
    from bulkscim.runs.definition import defined, said_of
    from bulkscim.runs.request import RunRequest

    said = said_of(job, chosen["map"], chosen["op"])  # a mistake in it is named before a token is asked for
    tenant = reaching.tenant_of(people, chosen)
    return defined(RunRequest.to(tenant, job=job, **chosen), said)
