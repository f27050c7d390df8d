"""`bulkscim validate JOB`: check a job file; no tenant is needed."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, setting
from bulkscim.reporting.console import People

if TYPE_CHECKING:
    from bulkscim.jobfile.operations import Defaults
    from bulkscim.jobfile.validate import Checked


@click.command("validate")
@click.argument("job")
@options.records
@options.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N rows.")
@options.as_json
@options.voice
def command(
    job: str, limit: int | None, *, as_json: bool, verbose: bool, quiet: bool, **records: Any
) -> None:
    """Check JOB from its first record to its last and list what is wrong; no tenant is needed."""
    people = setting.people_of(verbose=verbose, quiet=quiet)
    path, defaults = setting.job_of(job, **records)
    checked = _checked(path, defaults, limit)
    if as_json:
        setting.print_json(_as_json(checked))
    for note in checked.notes:
        people.note(f"{path}: {note}")
    if checked.problem_count:
        checked.sound_index()  # raises what is wrong
    _tell(job, checked, people)


def _checked(job: str, defaults: "Defaults", limit: int | None) -> "Checked":
    """Check the file with an index that is thrown away."""
    from bulkscim.jobfile.source import open_source
    from bulkscim.jobfile.validate import check

    setting.collect_seldom()
    source = open_source(job, sys.stdin.buffer)
    try:
        with tempfile.TemporaryDirectory(prefix="bulkscim-") as folder:
            checked = check(source, defaults, Path(folder) / "index", limit)
            if checked.index is not None:
                checked.index.close()
        return checked
    finally:
        source.discard()


def _as_json(checked: "Checked") -> dict[str, Any]:
    return {
        "rows": checked.rows,
        "operations": [
            {"op": verb.value, "type": kind, "rows": count}
            for (verb, kind), count in sorted(checked.verbs.items())
        ],
        "not_before": checked.not_before or None,
        "problems": checked.problems,
        "problem_count": checked.problem_count,
        "notes": checked.notes,
    }


def _tell(job: str, checked: "Checked", people: People) -> None:
    """Say what the file asks, and the next command."""
    for (verb, kind), count in sorted(checked.verbs.items()):
        people.note(f"{verb.value:<14} {kind:<6} {count:>12,}")
    people.note(f"{job}: {checked.rows:,} row{'s' * (checked.rows != 1)}, no problems")
    if checked.not_before:
        people.note(f"not before {checked.not_before}")
    people.note(f"next: bulkscim run {job} --base-url URL -n")
