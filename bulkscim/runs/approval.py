"""Ask for approval: a yes at the terminal or beforehand, and of a production tenant its name."""

from collections.abc import Sequence
from typing import Protocol

from bulkscim.errors import Refused
from bulkscim.model.events import People


class Approving(Protocol):
    """What a request says of its tenant and of approval given beforehand."""

    @property
    def tenant(self) -> str:
        """The tenant's name, empty where it has none."""

    @property
    def production(self) -> bool:
        """Whether only its name approves."""

    @property
    def rehearsal(self) -> bool:
        """Whether it holds nothing real, so that nothing is asked."""

    @property
    def yes_production(self) -> str:
        """The name, given beforehand."""


def ask(request: Approving, people: People, question: str, facts: Sequence[str]) -> None:
    """Show the facts and ask; Refused ends it."""
    if not request.rehearsal and not request.yes_production:
        people.approve(question, facts, request.tenant if request.production else "")
        return
    for fact in facts:
        people.note(fact)
    if not request.rehearsal and request.yes_production != request.tenant:
        called = f"tenant {request.tenant!r}" if request.tenant else "a tenant without a name"
        raise Refused(f"--yes-production {request.yes_production}: this is {called}. Nothing was sent.")
