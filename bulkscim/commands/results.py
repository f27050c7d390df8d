"""`bulkscim results RUN`: write the outcome of each row, and the failed records as a job file."""

from dataclasses import dataclass
from pathlib import Path

import click

from bulkscim.commands import final_report, options, runtime, typed_flags
from bulkscim.errors import Stopped


@dataclass(frozen=True, slots=True)
class ResultsFlags:
    """What the command line says of results that are written."""

    run: str
    job: Path | None
    runs_dir: Path
    as_json: bool
    voice: options.Voice


@click.command("results")
@options.run_argument
@options.job_file
@options.runs_dir
@options.as_json
@options.voice
@options.given_as(ResultsFlags)
def command(flags: ResultsFlags) -> None:
    """Write results.csv, the errors file and summary.json of RUN.

    The files are written into its folder, and their paths are printed. The README explains the states under "Words", docs/job-files.md the columns.

    \b
    Example:
      bulkscim results last

    Exit codes: 0 written; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.reporting.files import write_files, written_files
    from bulkscim.reporting.recorded import open_recorded, read_summary
    from bulkscim.reporting.summary import closing_lines, urgent_lines

    people = runtime.people_of(flags.voice)
    with open_recorded(flags.run, flags.runs_dir) as recorded:
        source = final_report.job_file(recorded, flags.job, people)
        folder, summary = recorded.folder, read_summary(recorded)
        try:
            summary = write_files(recorded, source, summary, typed_flags.typed())
        except OSError as error:
            raise Stopped(f"cannot write into {folder}: {error.strerror}; make room and try again") from error
    if flags.as_json:
        runtime.print_json(written_files(summary, folder))
    else:
        runtime.print_lines(written_files(summary, folder).values())
    for line in (
        urgent_lines(summary, folder) if flags.voice.quiet else closing_lines(summary, folder, written=True)
    ):
        people.say(line)
