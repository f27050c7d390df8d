"""People are told and asked on stderr."""

import io
import os
import threading
import time

import pytest

from bulkscim.errors import Refused
from bulkscim.reporting.console import Console, Volume


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        """Be one."""
        return True


def people(answer=None, volume=Volume.NORMAL, yes=False):
    """Return a console at which this answer is typed; None: there is no terminal."""
    return Console(
        io.StringIO(), Terminal(answer) if answer is not None else io.StringIO(), volume=volume, yes=yes
    )


def heard(them):
    """Return all they were told."""
    return them.stream.getvalue()


def test_quiet_hears_warnings_only():
    """Quiet leaves out notes and details, never warnings."""
    them = people(volume=Volume.QUIET)
    them.note("a note")
    them.detail("a detail")
    them.warn("a warning")

    assert heard(them) == "warning: a warning\n"


def test_details_are_for_the_verbose():
    """Details are said with -v only."""
    normal, verbose = people(), people(volume=Volume.VERBOSE)
    normal.detail("x")
    verbose.detail("x")

    assert (heard(normal), heard(verbose)) == ("", "x\n")


def test_foreign_text_cannot_drive_the_terminal():
    """Control characters are written as escapes."""
    them = people()
    them.note("\x1b]0;owned\x07")

    assert heard(them) == "\\x1b]0;owned\\x07\n"


def test_without_a_terminal_it_is_refused_naming_the_flag():
    """Without a terminal and without --yes the run is refused, and the flag is named."""
    them = people()

    with pytest.raises(Refused, match="--yes"):
        them.approve("Send?", ["host tenant.example"])
    assert "host tenant.example" in heard(them)


@pytest.mark.parametrize("answer", ["yes\n", "Yes\n", " YES "])
def test_typed_yes_approves(answer):
    """A typed yes is approval."""
    them = people(answer)
    them.approve("Send?", ["facts"])

    assert "facts" in heard(them)


@pytest.mark.parametrize("answer", ["", "\n", "no\n", "y\n", "Y\n", "yesterday\n"])
def test_anything_else_is_a_no(answer):
    """Only a whole yes is a yes, and the refusal says so; an ended input is a no."""
    with pytest.raises(Refused, match="not approved: type yes to approve; nothing was sent"):
        people(answer).approve("Send?")


def test_yes_beforehand_asks_nothing():
    """With --yes nothing is asked, and the facts are still shown."""
    them = people(yes=True)
    them.approve("Send?", ["facts"])

    assert heard(them) == "facts\n"


def test_a_question_is_heard_even_in_quiet():
    """Who is asked sees the facts, quiet or not."""
    them = people("yes\n", volume=Volume.QUIET)
    them.approve("Send?", ["facts"])

    assert heard(them).startswith("facts\nSend?")


@pytest.mark.parametrize("answer", ["yes\n", "Acme\n", "\n", ""])
def test_production_is_approved_by_its_name_alone(answer):
    """Where a name is wanted nothing else will do, a yes given beforehand included."""
    with pytest.raises(Refused, match="not approved"):
        people(answer, yes=True).approve("Send?", name="acme")

    people("acme\n").approve("Send?", name="acme")


def test_production_without_a_terminal_names_its_flag():
    """No terminal to type the name at: the flag that gives it is named."""
    with pytest.raises(Refused, match="--yes-production acme"):
        people(yes=True).approve("Send?", name="acme")


@pytest.mark.skipif(os.name == "nt", reason="terminals")
def test_what_was_typed_before_a_question_is_no_answer():
    """A `yes` for one question approved the next one before it was shown."""
    ours, theirs = os.openpty()
    os.write(ours, b"yes\n")

    def answers_late():
        time.sleep(0.1)
        os.write(ours, b"no\n")

    with os.fdopen(theirs, "r") as terminal:
        late = threading.Thread(target=answers_late)
        late.start()
        with pytest.raises(Refused, match="not approved"):
            Console(io.StringIO(), terminal, volume=Volume.NORMAL, yes=False).approve("Go on?")
        late.join()
    os.close(ours)
