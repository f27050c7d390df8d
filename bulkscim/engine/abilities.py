"""What a run learns once of what its tenant takes: the forms of requests, PATCH, and values that fail."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any, Generic, TypeVar

import orjson

from bulkscim.engine.bounds import has_stopped
from bulkscim.engine.integrations import Integrations
from bulkscim.engine.rows import RunContext
from bulkscim.engine.versions import Versions
from bulkscim.engine.work import Work
from bulkscim.errors import NoPatch
from bulkscim.model.operation import USER
from bulkscim.model.step import Step
from bulkscim.pacing.retry import Judgement, Verdict

NO_METHOD = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
FEW = 3  # refused PATCHes of a type, before no more are sent
PLAIN_JSON = "application/json"
SCIM_JSON = "application/scim+json"

Form = TypeVar("Form")
MOST_WORKING = 20_000  # values that took effect and are remembered, the latest
MOST_FAULTY = 1_000
MOST_VALUES = 100
FAULTY_ROWS = 3  # rows in a row that share a value
FAULTY_ANSWERS = 8  # answers to them
MOST_IN_A_ROW = 100  # such answers without any change that takes effect between them


class Abilities:
    """One for all workers; learned again by each process."""

    def __init__(self, context: RunContext) -> None:
        self._journal = context.journal
        self._stopping = context.stopping
        self._note = context.watcher.note
        self._most = FEW if context.profile.patch else 1
        self._patched: set[str] = set()  # types of which a PATCH took effect
        self._unpatched: dict[str, int] = {}  # refused PATCHes by type
        self.faulty = FaultyValues()
        self.integrations = Integrations(context.profile, self._note)
        self.versions = Versions(self._note, lambda: context.journal.ledger.totals().pending)

    def lacking(self, step: Step) -> str:
        """Return why a step need not be sent, empty where it may work."""
        if step.method != "PATCH" or self._unpatched.get(step.type, 0) < self._most:
            return ""
        return f"not sent: this tenant takes no PATCH of {step.type}s{_advice(step.type)}"

    def ended(self, work: Work, step: Step, judgement: Judgement) -> None:
        """Learn from how a step ended. The first PATCH that shows that there is none stops the run, once."""
        self.versions.ended(work, step, judgement)
        if judgement.verdict is Verdict.APPLIED:
            self.faulty.worked(step)
        if step.method != "PATCH":
            return
        if judgement.verdict is Verdict.APPLIED:
            self._patched.add(step.type)
            self._unpatched.pop(step.type, None)
        elif judgement.status in NO_METHOD and step.type not in self._patched:
            refused = self._unpatched[step.type] = self._unpatched.get(step.type, 0) + 1
            if refused == 1 and not has_stopped(self._journal, NoPatch.cause):
                self._stopping.stop(
                    NoPatch(
                        f"the tenant takes no PATCH of {step.type}s: it answered {judgement.status}: "
                        f"{judgement.detail}{_advice(step.type)}; resume goes on with the other rows"
                    )
                )


def _advice(kind: str) -> str:
    """Say what works instead."""
    return (
        "; users can be replaced whole by PUT: operation replace, with all attributes" if kind == USER else ""
    )


class RequestForms(Generic[Form]):
    """The forms that may work. Until one is proved, a refusal of one is a reason to try the next.

    The refusal is one that proves that nothing was done, so trying again repeats no change.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._proved: Form | None = forms[0] if len(forms) == 1 else None

    @property
    def all(self) -> Sequence[Form]:
        """All of them, in order."""
        return self._forms

    @property
    def is_single(self) -> bool:
        """Whether there is no choice."""
        return len(self._forms) == 1

    @property
    def form(self) -> Form:
        """The form to use now."""
        return self._forms[0] if self._proved is None else self._proved

    def works(self, form: Form) -> bool:
        """Keep a form that was taken; return whether that is new, and not the form that was expected."""
        is_new = self._proved is None and form != self._forms[0]
        self._proved = form if self._proved is None else self._proved
        return is_new

    def another(self, tried: list[Form]) -> Form | None:
        """Return the form to try after those that were refused; None where there is no reason to."""
        candidates = self._forms if self._proved is None else (self._proved,)
        return next((form for form in candidates if form not in tried), None)


def media_types(usual: str) -> RequestForms[str]:
    """Return the media types that a tenant may take, the usual one first."""
    return RequestForms(tuple(dict.fromkeys((usual, PLAIN_JSON, SCIM_JSON)))[:2])


class Quoting:
    """Whether filters of a type hold their value in quotes: all do but those of the profile's `bare` types."""

    def __init__(self, bare: frozenset[str]) -> None:
        self._bare = bare

    def wants(self, kind: str) -> bool:
        """Return whether values go in quotes."""
        return kind not in self._bare

    def needed(self, kind: str) -> None:
        """Keep that a bare value was refused where a quoted one was taken."""
        self._bare -= {kind}


class FaultyValues:
    """The values of one run, as hashes: what they are is kept nowhere."""

    def __init__(self) -> None:
        self._working: OrderedDict[int, None] = OrderedDict()
        self._faulty: OrderedDict[int, tuple[int, ...]] = (
            OrderedDict()
        )  # with rows that have used up their attempts
        self._shared: set[int] = set()  # by all steps of the present sequence of faults
        self._rows: set[int] = set()
        self._answers = 0
        self._in_a_row = 0

    def worked(self, step: Step) -> None:
        """Take in a step that took effect."""
        for one in _changed_values(step):
            self._faulty.pop(one, None)
            self._working[one] = None
            self._working.move_to_end(one)
        _keep_latest(self._working, MOST_WORKING)
        self._rows, self._answers, self._in_a_row = set(), 0, 0

    def explains(self, row: int, step: Step) -> bool:
        """Take in a 5xx to a step that was not applied; tell whether a value of it is known to bring that about."""
        values = set(_changed_values(step))
        if values & self._faulty.keys():
            self._in_a_row += 1
            return self._in_a_row <= MOST_IN_A_ROW
        self._shared = values & self._shared if self._rows else values
        self._rows.add(row)
        self._answers += 1
        if len(self._rows) >= FAULTY_ROWS and self._answers >= FAULTY_ANSWERS:
            self._suspect(self._shared, ())
        if not self._shared:
            self._rows, self._answers = set(), 0
        return bool(values & self._faulty.keys())

    def holds(self, step: Step) -> bool:
        """Return whether a step sets a value that two rows have used up their attempts by."""
        return bool(self._faulty) and any(len(self._faulty.get(one, ())) > 1 for one in _changed_values(step))

    def used_up(self, row: int, step: Step) -> None:
        """Take in a step whose row was answered so each time."""
        self._suspect(_changed_values(step), (row,))

    def _suspect(self, values: Iterable[int], rows: tuple[int, ...]) -> None:
        if not self._working:
            return
        for one in values:
            if one not in self._working:
                known = self._faulty.get(one, ())
                self._faulty[one] = known if len(known) > 1 or rows == known else known + rows
        _keep_latest(self._faulty, MOST_FAULTY)


def _keep_latest(kept: OrderedDict[int, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _changed_values(step: Step) -> Iterator[int]:
    """Yield what a step sets, and the resource that it changes; of a long list only the beginning."""
    return islice(_all_values(step), MOST_VALUES)


def _all_values(step: Step) -> Iterator[int]:
    if step.id is not None:
        yield hash((step.type, step.id))
    for name, value in step.body.items():
        yield from _leaves(name.lower(), value)
    for change in step.changes:
        yield from _leaves(change.path.lower(), change.after)


def _leaves(path: str, value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{path}.{name.lower()}", part)
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(path, element)
    else:
        yield hash((path, orjson.dumps(value)))
