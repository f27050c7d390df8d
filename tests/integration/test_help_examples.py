"""The examples in the help of commands do what they say, pasted one after the other where the samples are."""

import shlex
import shutil
from pathlib import Path

from tests.support.making.help import COMMANDS, examples
from tests.support.running.command import Command

ROOT = Path(__file__).parents[2]
NOT_PASTED = {
    "bulkscim sandbox --profile lucid --fault 429=0.05": "it serves until Ctrl-C",
    "bulkscim settle last --row 17": "no row is in doubt",
    "bulkscim pause": "no run works, and no tenant has this name; test_pause.py tries it",
    "bulkscim go": "as before",
    "bulkscim rate": "as before",
    "bulkscim connect acme": "there is no such host",
    "bulkscim tenants acme": "no tenant has this name; test_tenants.py and test_kept_rates.py try it",
    "bulkscim tenants show acme": "as before",
    "bulkscim profiles show ./acme.toml": "no such file is there; test_own_profiles.py tries it",
    "bulkscim profiles check": "as before",
    "bulkscim tenants allow": "no file is there; test_tenants.py tries it",
}


def test_examples_of_the_help_work(bulkscim: Command):
    """In the order of the list of commands, which is that of a first day."""
    for folder in ("samples", "jobs"):
        shutil.copytree(ROOT / folder, bulkscim.folder / folder)
    lines = [line for path in COMMANDS for line in examples(path) if not line.startswith(tuple(NOT_PASTED))]
    for line in lines:
        outcome = bulkscim(*shlex.split(line)[1:])

        assert outcome.code == 0, f"{line}\n{outcome.text}"
    assert len(lines) > 20
