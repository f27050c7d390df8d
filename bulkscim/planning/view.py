"""One row with all that is known about it, as the rules of `steps` look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bulkscim.model.live import (
    Ambiguous,
    Found,
    Missing,
    Need,
    Parent,
    ParentFailed,
    ParentLater,
    ParentReady,
    Unreadable,
)
from bulkscim.model.operation import Key, Operation, Reference
from bulkscim.model.row import Facts, Refusal, Row, RowState
from bulkscim.planning.decision import Later, Policy, Settle, Wait


@dataclass(frozen=True, slots=True)
class Unfit:
    """A named resource that cannot be used, and why."""

    why: str
    status: int | None = None
    missing: bool = False


Named = ParentReady | ParentFailed | ParentLater | Unfit | Wait


@dataclass(frozen=True, slots=True)
class View:
    """A row, its facts, what was read for it, and the run's policy."""

    row: Row
    facts: Facts
    live: Mapping[Need, Any]
    policy: Policy

    @property
    def operation(self) -> Operation:
        """What the record asks."""
        return self.row.operation

    def references(self) -> list[tuple[Reference, int | None]]:
        """Return each reference with the row that makes it, None where the tenant must hold it."""
        producers = self.row.producers or (None,) * len(self.operation.references)
        return list(zip(self.operation.references, producers, strict=True))

    def named(self, key: Key, producer: int | None) -> Named:
        """Return the id behind a name, or what stands in its way."""
        if producer == self.row.number:
            return self._own()
        need: Need = key if producer is None else Parent(producer)
        if producer is None and key.attribute == "id":
            return ParentReady(key.value)
        answer = self.live.get(need)
        match answer:
            case None:
                return Wait(need)
            case Found():
                return ParentReady(answer.id)
            case ParentReady() | ParentFailed() | ParentLater():
                return answer
            case _:
                return Unfit(**unfit(key, answer))

    def _own(self) -> ParentReady | ParentLater:
        """Return what the row itself made: some people are their own manager."""
        made = self.facts.applied.get("create")
        return ParentReady(made.id) if made and made.id else ParentLater(self.row.number)

    def target(self) -> Found | Unfit | Wait | Settle | Later:
        """Return the resource that the row changes, as it stands."""
        key, producer = self.operation.target, self.row.target_producer
        if producer is not None:
            made = self.named(key, producer)
            match made:
                case ParentReady():
                    key = Key(key.type, "id", made.id)
                case ParentFailed():
                    return Settle(RowState.SKIPPED, f"row {made.row} failed: {made.why}")
                case ParentLater():
                    return Later(Parent(made.row))
                case _:
                    return made
        answer = self.live.get(key)
        if answer is None:
            return Wait(key)
        return answer if isinstance(answer, Found) else Unfit(**unfit(key, answer))


def unfit(key: Key, answer: Missing | Ambiguous | Unreadable) -> dict[str, Any]:
    """Return the words for a resource that cannot be used."""
    match answer:
        case Missing():
            return {"why": f"no {key.type} with {key.attribute} {key.value}", "status": 404, "missing": True}
        case Ambiguous():
            return {"why": f"{key} is ambiguous: ids {', '.join(answer.ids)}"}
        case Unreadable():
            return {"why": f"{key} could not be read: {answer.why}", "status": answer.status}


def failed(refusal: Refusal, *, resource_id: str | None = None) -> Settle:
    """Return the end of a row whose part was refused."""
    return Settle(RowState.FAILED, refusal.detail, resource_id, refusal.status, refusal.scim_type)
