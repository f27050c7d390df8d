"""`bulkscim validate JOB`: check a job file; no tenant is needed."""

import click

from bulkscim.commands import options


@click.command("validate")
@click.argument("job")
@options.records
@options.as_json
@options.voice
def command() -> None:
    """Check JOB from its first record to its last and list what is wrong; no tenant is needed."""
