"""Shrinking: what is left of a case is what it needs to break, and it still breaks the same oracle."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation.test_mutations import skip_the_before_image
from tests.support.simulation.oracles import Broken
from tests.support.simulation.plan import pruned
from tests.support.simulation.seeds import case_of, from_json, live
from tests.support.simulation.shrinking import kind_of, shrink
from tests.support.simulation.simulating import asked, lived, replayed, summary


def breaks_by(*rows, **world):
    """Return a toy in the place of a life: it breaks where these lines are in the job and the world is so."""

    def live(case):
        if all(row in case.lines for row in rows) and all(
            getattr(case.world, name) == value for name, value in world.items()
        ):
            raise Broken("toy", "all of it is there")
        raise Broken("other", "is not what is looked for")

    return live


def test_only_the_lines_and_features_that_break_are_left():
    """Two of thirty lines, one feature of the world, and nothing that they do not name."""
    case = case_of(1)
    patches = [line for line in case.lines if line["op"] == "patch" and "id" in line]
    case = replace(case, world=replace(case.world, lock=423, faults={"page": 0.1, "busy_after": 0.2}))
    small = shrink(case, "toy", live=breaks_by(patches[0], lock=423))

    assert small.lines == (patches[0],)
    assert str(small.world) == "lock=423"
    assert [resource["id"] for _, resource in small.held] == [patches[0]["id"]]


def test_case_that_holds_stays_as_it_is():
    """Another oracle that breaks on the way does not count."""
    case = case_of(1)

    assert shrink(case, "toy", live=breaks_by({"op": "none"})) is case


def test_line_goes_with_what_it_names_and_a_create_keeps_all_but_its_manager():
    """What is left is a job of its own."""
    boss, report, patch = (
        {"op": "create", "type": "User", "data": {"userName": "boss"}},
        {"op": "create", "type": "User", "data": {"userName": "n", "manager": {"userName": "boss"}}},
        {"op": "patch", "type": "User", "match": {"userName": "BOSS"}, "patch": []},
    )

    assert pruned([], [boss, report, patch]) == [boss, report, patch]
    assert pruned([], [patch, report]) == [{"op": "create", "type": "User", "data": {"userName": "n"}}]


def test_mutated_tool_is_shrunk_to_one_operation(monkeypatch, tmp_path):
    """A real break: the case that is kept can be read back and breaks again, and not without the mutation."""
    with monkeypatch.context() as mutated:
        skip_the_before_image(mutated)
        with pytest.raises(Broken) as caught:
            live(case_of(2, 12))
        small = shrink(case_of(2, 12), kind_of(caught.value), tries=1)
        with pytest.raises(Broken) as again:
            live(from_json(small.as_json()))

    assert again.value.oracle == "before"
    assert len(small.lines) == 1
    assert str(small.world) == ""
    path = tmp_path / "shrunk.json"
    path.write_text(small.as_json())
    assert replayed(path) == 0


def test_summary_has_base_seeds_and_what_they_held():
    """As the note of a batch wants them."""
    piece = lived(12, [3, 4])
    text = summary(3, piece, 2.0)

    assert text.startswith("base 3: 2 seeds in 2 s: 1.0 seeds/s; 0 failed\n")
    for word in ("sessions", "crashes", "faults", "requests", "days"):
        assert word in text


def test_base_is_drawn_where_none_is_given():
    """With --minutes the seeds are new each time; without, they are those that are named."""
    assert asked(["--minutes", "1"]).first is None
    assert asked(["--from", "7"]).first == 7


@pytest.mark.slow
def test_command_runs_until_the_time_is_over(tmp_path):
    """The base is printed and lies in the wider ground."""
    options = {
        "--minutes": "0.02",
        "--workers": "1",
        "--operations": "8",
        "--broken": tmp_path / "broken.txt",
    }
    told = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "tests.support.simulation.simulating", *told]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert int(found.stdout.split()[1].rstrip(";")) >= 1_000_000, found.stderr
    assert "seeds/s; " in found.stdout
    assert str(options["--broken"]) in found.stdout
