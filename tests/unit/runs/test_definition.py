"""What a job definition says, and what stands in for it."""

from pathlib import Path

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.grace import Grace
from bulkscim.model.limits import Limit
from bulkscim.model.operation import Verb
from bulkscim.model.secret import Secret
from bulkscim.runs.definition import defined, job_and_defaults, load, load_map
from bulkscim.runs.request import RunRequest

WHOLE = """
[job]
file = "../people.csv"
op = "Add-Member"
type = "group"
match = "externalId"
on_exists = "update"
create_groups = true

[map]
displayName = "Team"
name.givenName = { column = "First" }

[guard]
max_create = 2000
max_delete = "5%"
protect = ["owner@example.com"]
"""


@pytest.fixture
def written(tmp_path):
    """Write a definition into a folder of its own."""

    def write(text):
        path = tmp_path / "jobs" / "job.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def request(job, **said):
    """Ask for a job."""
    return RunRequest(
        job=str(job), base_url="https://x.example", token=Secret("t"), runs_dir=Path("runs"), **said
    )


def test_a_definition_names_its_file_relative_to_itself(written, tmp_path):
    """Whoever starts it from whatever folder gets the same file, operation, map and guards."""
    said = defined(request(written(WHOLE)))

    assert said.job == str(tmp_path / "people.csv")
    assert (said.op, said.type, said.match) == (Verb.ADD_MEMBER, "Group", "externalId")
    assert (said.on_exists, said.create_groups) == ("update", True)
    assert said.map == {"displayName": "Team", "name.givenName": {"column": "First"}}
    assert (said.max_create, said.max_delete, said.max_errors) == (Limit(2000), Limit(5, percent=True), None)
    assert said.protect == ("owner@example.com",)


def test_what_is_said_beside_a_definition_stands_in_for_it(written):
    """Flags and arguments win; protected names add up."""
    said = defined(
        request(
            written(WHOLE), op=Verb.CREATE, type="User", on_exists="fail", max_delete=Limit(7),
            map={"userName": "M"}, protect=("cfo@example.com",),
        )
    )  # fmt: skip

    assert (said.op, said.type, said.on_exists, said.max_delete) == (Verb.CREATE, "User", "fail", Limit(7))
    assert said.map == {"userName": "M"}
    assert said.protect == ("owner@example.com", "cfo@example.com")


def test_a_job_file_is_taken_as_it_is():
    """Only .toml is a definition."""
    asked = request("people.csv")

    assert defined(asked) is asked
    assert job_and_defaults("people.csv")[0] == "people.csv"


def test_a_map_file_needs_no_job(written):
    """`--map` takes the [map] of any TOML file, a whole definition included."""
    assert load_map(written('[map]\nuserName = "Mail"\n')) == {"userName": "Mail"}
    assert load_map(written(WHOLE))["displayName"] == "Team"
    with pytest.raises(UsageError, match=r"has no \[map\]"):
        load_map(written('[job]\nfile = "x.csv"\n'))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[job]\n", r"\[job\] names no file"),
        ("[job\n", "is not TOML"),
        ('[job]\nfile = "x"\n[gard]\n', r"\[gard\] means nothing here"),
        ('[job]\nfile = "x"\non_exist = "adopt"\n', "did you mean on_exists"),
        ('[job]\nfile = "x"\nop = "destroy"\n', "is none of create"),
        ('[job]\nfile = "x"\ntype = "Robot"\n', "is none of User, Group"),
        ('[job]\nfile = "x"\nmatch = "shoe"\n', "nothing to match by"),
        ('[job]\nfile = "x"\ncreate_groups = "yes"\n', "is not true or false"),
        ('[job]\nfile = "x"\n[guard]\nmax_delete = "many"\n', "max_delete: 'many' is not a limit"),
        ('[job]\nfile = "x"\n[guard]\nprotect = "me"\n', "protect is not a list"),
        ('map = 3\n[job]\nfile = "x"\n', "map is not a table"),
        ("job = 3\n", "job is not a table"),
    ],
)
def test_each_mistake_in_a_definition_has_its_message(written, text, said):
    """Nothing that a definition says is passed over in silence."""
    with pytest.raises(UsageError, match=said):
        load(written(text))


def test_a_definition_may_say_what_comes_later(written):
    """Deactivated now, deleted after days or weeks."""
    later = '[job]\nfile = "a.csv"\nop = "deactivate"\n[then]\nop = "delete"\nafter = "4w"\n'

    assert defined(request(written(later))).grace == Grace(28)
    assert defined(request(written(WHOLE))).grace is None


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ('op = "delete"', "after"),
        ('op = "delete"\nafter = "soon"', "30d"),
        ('op = "activate"\nafter = "30d"', "job that deactivates"),
        ('op = "delete"\nwhen = "30d"', "when means nothing"),
    ],
)
def test_what_comes_later_is_said_in_full(written, then, words):
    """Nobody is deleted on a guess."""
    with pytest.raises(UsageError, match=words):
        load(written(f'[job]\nfile = "a.csv"\nop = "deactivate"\n[then]\n{then}\n'))


def test_only_a_job_that_deactivates_has_something_to_come_later(written):
    """A grace after a create would be a mistake."""
    with pytest.raises(UsageError, match="job that deactivates"):
        load(written('[job]\nfile = "a.csv"\nop = "create"\n[then]\nop = "delete"\nafter = "30d"\n'))
