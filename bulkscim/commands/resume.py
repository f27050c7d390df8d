"""`bulkscim resume RUN` and `bulkscim retry RUN`: go on with a recorded run."""

from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import ending, options, reaching, setting, typed_flags

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport

going_on = options.together(
    options.run_argument,
    options.job_file,
    options.own_tenant,
    options.tokens,
    options.runs_dir,
    options.on_exists,
    options.create_groups,
    options.max_errors,
    options.max_adopt,
    options.protect_unknown,
    options.same_tenant,
    options.approval,
    options.pace,
    options.network,
    options.as_json,
    options.voice,
)


@click.command("resume")
@going_on
def command(**chosen: Any) -> "RunReport":
    """Go on with RUN: look up what is in doubt, then do what is left.

    The run's own approval holds; --on-exists and --create-groups change what rows do and are approved again. What is
    changed is recorded, and holds when the run goes on later.
    """
    return go_on(retry=False, **chosen)


def go_on(*, retry: bool, verbose: bool, quiet: bool, as_json: bool, **chosen: Any) -> "RunReport":
    """Go on with a run; `retry` opens failed and skipped rows again first."""
    people = setting.people_of(verbose=verbose, quiet=quiet, yes=chosen["yes"])
    from bulkscim.reporting.recorded import read_header
    from bulkscim.runs.request import ResumeRequest
    from bulkscim.runs.resume import resume

    header = read_header(chosen["run"], chosen["runs_dir"])
    tenant = reaching.tenant_of_run(people, header, chosen)
    request = ResumeRequest.to(tenant, retry=retry, **chosen)
    with reaching.naming_the_tenant(header), setting.watching(people) as watcher:
        report = setting.carry_out(lambda: resume(request, people, watcher))
    ending.tell(report, people, typed_flags.typed(), as_json=as_json)
    return report
