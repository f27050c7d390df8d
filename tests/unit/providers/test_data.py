"""The providers' files that come with the program."""

import tomllib
from importlib.resources import files

import pytest

from bulkscim.tenants.profiles import profile_named, profile_names

UNSOURCED = {"title", "facts", "sandbox"}


@pytest.mark.parametrize("name", profile_names())
def test_every_key_of_a_file_rests_on_a_fact(name):
    """A trait has a standing, and a source where there is one; a title and the sandbox's fixtures need none."""
    data = files("bulkscim.providers") / "data" / f"{name}.toml"
    written = set(tomllib.loads(data.read_text("utf-8"))) - UNSOURCED

    assert written - {key for fact in profile_named(name).facts for key in fact.of} == set()
