"""What a job definition says, and what stands in for it."""

from pathlib import Path

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.grace import Grace
from bulkscim.model.limits import NO_GUARDS, Limit, StandingGuards
from bulkscim.model.operation import Verb
from bulkscim.model.secret import Secret
from bulkscim.runs.definition import load, said_of
from bulkscim.runs.options import RecordDefaults, built
from bulkscim.runs.request import RunRequest
from bulkscim.tenants.tenant import Tenant

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
max_adopt = 7
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


def request(job, guards=NO_GUARDS, **said):
    """Ask for a job."""
    tenant = Tenant("https://x.example", Secret("t"), guards=guards)
    return built(RunRequest, {"job": str(job), "tenant": tenant, "runs_dir": Path("runs")} | said)


def test_a_definition_names_its_file_relative_to_itself(written, tmp_path):
    """Started by any user from any folder, it gives the same file, operation, map and guards."""
    said = request(written(WHOLE)).defined()

    assert said.job == str(tmp_path / "people.csv")
    assert (said.records.op, said.records.type, said.records.match) == (
        Verb.ADD_MEMBER,
        "Group",
        "externalId",
    )
    assert (said.rules.on_exists, said.rules.create_groups) == ("update", True)
    assert said.said.columns == {"displayName": "Team", "name.givenName": {"column": "First"}}
    assert said.standing == StandingGuards((Limit(5, percent=True),), (Limit(2000),), ("owner@example.com",))
    assert (said.limits.max_create, said.limits.max_delete, said.limits.max_errors) == (None, None, None)
    assert said.limits.max_adopt == Limit(7)


def test_what_is_said_next_to_a_definition_replaces_it(written):
    """Flags and arguments win; protected names add up."""
    said = request(
        written(WHOLE), op=Verb.CREATE, type="User", on_exists="fail", max_delete=Limit(7),
        protect=("cfo@example.com",), guards=StandingGuards((Limit(9),), (), ("ceo@example.com",)),
    ).defined()  # fmt: skip

    assert (said.records.op, said.records.type, said.rules.on_exists, said.limits.max_delete) == (
        Verb.CREATE,
        "User",
        "fail",
        Limit(7),
    )
    assert said.standing.max_delete == (Limit(9), Limit(5, percent=True))
    assert said.standing.protect == ("ceo@example.com", "cfo@example.com", "owner@example.com")


def test_a_job_file_is_taken_as_it_is():
    """Only .toml is a definition."""
    said = request("people.csv").defined()

    assert (said.job, said.said.columns, said.said.grace, said.standing) == (
        "people.csv",
        None,
        None,
        StandingGuards(),
    )


def test_a_definition_that_map_names_applies_whole(written):
    """All but the [map] was dropped in silence: operation, match, guards, protected accounts, and what comes later."""
    text = WHOLE.replace("Add-Member", "deactivate") + '[then]\nop = "delete"\nafter = "30d"\n'
    said = request("leavers.csv", map=written(text)).defined()

    assert said.job == "leavers.csv"
    assert (said.records.op, said.records.type, said.records.match) == (
        Verb.DEACTIVATE,
        "Group",
        "externalId",
    )
    assert (said.rules.on_exists, said.rules.create_groups, said.said.grace) == ("update", True, Grace(30))
    assert said.said.columns["displayName"] == "Team"
    assert said.standing == StandingGuards((Limit(5, percent=True),), (Limit(2000),), ("owner@example.com",))
    assert [
        note for note in said.said.notes if "people.csv" in note and "leavers.csv is read instead" in note
    ]


def test_map_needs_no_job_and_no_map(written, tmp_path):
    """A file of guards alone applies as well; a note comes only where another job file is named."""
    assert said_of("x.csv", RecordDefaults(map=written('[map]\nuserName = "Mail"\n'))).columns == {
        "userName": "Mail"
    }
    assert said_of(
        "x.csv", RecordDefaults(map=written("[guard]\nmax_create = 3\n"))
    ).limits.standing.max_create == (Limit(3),)
    assert said_of(str(tmp_path / "people.csv"), RecordDefaults(map=written(WHOLE))).notes == ()
    with pytest.raises(UsageError, match="is empty"):
        said_of("x.csv", RecordDefaults(map=written("")))


def test_two_definitions_are_refused(written, tmp_path):
    """With a definition, `--map` replaces the [map]; its other tables were dropped in silence."""
    job, other = written(WHOLE), tmp_path / "other.toml"
    other.write_text('[map]\ndisplayName = "Name"\n')
    assert said_of(str(job), RecordDefaults(map=other)).columns == {"displayName": "Name"}

    other.write_text('[map]\ndisplayName = "Name"\n[guard]\nprotect = ["a"]\n[job]\nop = "create"\n')
    with pytest.raises(UsageError, match=r"\[guard\] and \[job\] cannot apply"):
        said_of(str(job), RecordDefaults(map=other))
    other.write_text("")
    with pytest.raises(UsageError, match=r"has no \[map\]"):
        said_of(str(job), RecordDefaults(map=other))


def test_what_comes_later_does_not_fit_another_operation(written):
    """`--op delete` with a definition that deletes after 30 days deleted at once, and said nothing."""
    later = written('[job]\nfile = "a.csv"\n[then]\nop = "delete"\nafter = "30d"\n')

    for job, map_file in ((str(later), None), ("a.csv", later)):
        with pytest.raises(UsageError, match="--op says delete"):
            said_of(job, RecordDefaults(Verb.DELETE, map=map_file))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[job]\n", r"\[job\] names no file"),
        ("[job\n", "is not TOML"),
        ('[job]\nfile = "x"\n[gard]\n', r"\[gard\] means nothing here"),
        ('[job]\nfile = "x"\non_exist = "adopt"\n', "did you mean on_exists"),
        ('[job]\nfile = "x"\nop = "destroy"\n', "is none of create"),
        ('[job]\nfile = "x"\ntype = "Robot"\n', "is none of User, Group"),
        ('[job]\nfile = "x"\nmatch = "shoe"\n', "cannot be used to match"),
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

    assert request(written(later)).defined().said.grace == Grace(28)
    assert request(written(WHOLE)).defined().said.grace is None


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
    """No user is deleted on a guess."""
    with pytest.raises(UsageError, match=words):
        load(written(f'[job]\nfile = "a.csv"\nop = "deactivate"\n[then]\n{then}\n'))


def test_only_a_job_that_deactivates_has_something_to_come_later(written):
    """A grace after a create would be a mistake."""
    with pytest.raises(UsageError, match="job that deactivates"):
        load(written('[job]\nfile = "a.csv"\nop = "create"\n[then]\nop = "delete"\nafter = "30d"\n'))
