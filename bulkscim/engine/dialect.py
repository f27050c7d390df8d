"""Which forms of requests a tenant takes: learned once, kept for the rest of the run."""

from collections.abc import Sequence
from typing import Generic, TypeVar

PLAIN_JSON = "application/json"
SCIM_JSON = "application/scim+json"

Form = TypeVar("Form")


class Dialect(Generic[Form]):
    """The forms that may work. Until one is proved, a refusal of one is a reason to try the next.

    The refusal is one that proves that nothing was done, so trying again repeats no change.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._proved: Form | None = forms[0] if len(forms) == 1 else None

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


def media_types(usual: str) -> Dialect[str]:
    """Return the media types that a tenant may take, the usual one first."""
    return Dialect(tuple(dict.fromkeys((usual, PLAIN_JSON, SCIM_JSON)))[:2])


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
