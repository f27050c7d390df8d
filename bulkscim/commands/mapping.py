"""`bulkscim map test FILE`: see what a mapping makes of the first rows."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime, typed_flags
from bulkscim.errors import JobFileInvalid
from bulkscim.model.typed import next_line
from bulkscim.runs.options import RecordDefaults

if TYPE_CHECKING:
    from bulkscim.jobfile.source import JobSource
    from bulkscim.model.operation import Defaults
    from bulkscim.reporting.preview import Preview


@click.group("map")
def command() -> None:
    """Show how bulkscim reads the columns of a file.

    \b
    Example:
      bulkscim map test jobs/onboarding.toml

    Exit codes: see `bulkscim --help`.
    """


@dataclass(frozen=True, slots=True)
class MapTestFlags:
    """What the command line says of rows that are shown."""

    job: str
    records: RecordDefaults
    rows: int
    as_json: bool
    voice: options.Voice


@command.command("test")
@click.argument("job", metavar="FILE")
@options.records
@options.option(
    "--rows", type=click.IntRange(min=1), default=3, show_default=True, help="The number of rows to show."
)
@options.as_json
@options.voice
@options.given_as(MapTestFlags)
def test(flags: MapTestFlags) -> None:
    """Print the first rows of FILE as the SCIM requests.

    FILE is a job file or a job definition. No tenant is needed, and nothing is sent.

    \b
    Example:
      bulkscim map test jobs/onboarding.toml

    Exit codes: 0 the rows are good; 2 one of them is not. More: `bulkscim --help`.
    """
    from bulkscim.jobfile.reading import told
    from bulkscim.jobfile.source import checking, open_source
    from bulkscim.runs.definition import said_of

    people = runtime.people_of(flags.voice)
    said = said_of(flags.job, flags.records)
    defaults = said.defaults
    with checking(open_source(said.job, sys.stdin.buffer, said.form)) as source:
        for note in (*said.notes, *(f"{said.job}: {each}" for each in told(source, defaults))):
            people.note(note)
        shown, problems = _read(source, defaults, flags.rows)
    if flags.as_json:
        runtime.print_json([each.told() for each in shown])
    else:
        runtime.print_lines(line for each in shown for line in each.lines())
    if problems:
        raise JobFileInvalid("\n".join(problems))
    if flags.job != "-":  # standard input cannot be read again
        people.note(next_line("validate", Path(flags.job), *typed_flags.flags(typed_flags.RECORDS)))


def _read(source: "JobSource", defaults: "Defaults", count: int) -> tuple[list["Preview"], list[str]]:
    """Return the first rows as previews, and what is wrong with them."""
    from bulkscim.jobfile.reading import interpreter, records
    from bulkscim.jobfile.records import Problem
    from bulkscim.reporting.preview import preview

    interpret = interpreter(source, defaults)
    if isinstance(interpret, list):
        return [], [problem.text(source.name) for problem in interpret]
    shown, problems = [], []
    for number, record in enumerate(records(source), 1):
        operation = [record] if isinstance(record, Problem) else interpret(record)
        if isinstance(operation, list):
            problems += [problem.text(source.name) for problem in operation]
        else:
            shown.append(preview(number, operation))
        if number == count:
            break
    return shown, problems
