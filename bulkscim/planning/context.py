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
                return self.unfit(key, answer)

    def _own(self) -> ParentReady | ParentLater:
        """Return what the row itself made: some people are their own manager."""
        made = self.facts.applied.get("create")
        return ParentReady(made.id) if made and made.id else ParentLater(self.row.number)

    def target_key(self) -> Key:
        """Return by what the target is read: an earlier row's own by the id that it made."""
        key, producer = self.operation.target, self.row.target_producer
        return key if producer is None else Key(key.type, "id", key.value)

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
        return answer if isinstance(answer, Found) else self.unfit(key, answer)

    def unfit(self, key: Key, answer: Missing | Ambiguous | Unreadable) -> Unfit:
        """Return why a resource cannot be used; absent only where nothing of its type is hidden."""
        match answer:
            case Missing():
                why = f"no {key.type} with {key.attribute} {key.value}{self._perhaps(key)}"
                proved = key.attribute == "id" or not self.policy.profile.hides(key.type)
                if answer.unproved:
                    return Unfit(f"{why} was found, and it may be there: {answer.unproved}")
                return Unfit(why, 404 if proved else None, missing=proved)
            case Ambiguous():
                return Unfit(f"{key} is ambiguous: ids {', '.join(answer.ids)}")
            case Unreadable():
                return Unfit(f"{key} could not be read: {answer.why}", answer.status)

    def _perhaps(self, key: Key) -> str:
        """Say what else may be true of something that was not found."""
        prefix = self.policy.profile.id_prefixes.get(key.type, "")
        if key.attribute == "id" and not key.value.startswith(prefix):
            return f": ids begin with {prefix} here"
        if key.attribute != "id" and self.policy.profile.hides(key.type):
            return " is shown; this tenant hides who is deactivated: name such a user by id"
        return ""


def failed(refusal: Refusal, *, resource_id: str | None = None) -> Settle:
    """Return the end of a row whose part was refused."""
    return Settle(RowState.FAILED, refusal.told, resource_id, refusal.status, refusal.scim_type)
