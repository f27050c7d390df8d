"""Which forms of PATCH and of filters a tenant takes: learned once, kept for the rest of the run."""

from bulkscim.scim.messages import PatchForm


class Dialect:
    """The forms that may work. Until one is proved, a 400 to one is a reason to try the next.

    A 400 proves that nothing was done, so trying again repeats no change.
    """

    def __init__(self, forms: tuple[PatchForm, ...] = (PatchForm.PATCH_OP,)) -> None:
        self._forms = forms
        self._proved: PatchForm | None = forms[0] if len(forms) == 1 else None

    @property
    def is_single(self) -> bool:
        """Whether there is no choice."""
        return len(self._forms) == 1

    @property
    def form(self) -> PatchForm:
        """The form to use now."""
        return self._proved or self._forms[0]

    def works(self, form: PatchForm) -> None:
        """Keep a form that was taken."""
        self._proved = self._proved or form

    def another(self, tried: list[PatchForm]) -> PatchForm | None:
        """Return the form to try after those that were refused; None where there is no reason to."""
        candidates = (self._proved,) if self._proved else self._forms
        return next((form for form in candidates if form not in tried), None)


class Quoting:
    """Whether filters of a type hold their value in quotes: all do but those of the profile's `bare` types."""

    def __init__(self, bare: frozenset[str]) -> None:
        self._bare = bare

    def wants(self, kind: str) -> bool:
        """Say whether values go in quotes."""
        return kind not in self._bare

    def needed(self, kind: str) -> None:
        """Keep that a bare value was refused where a quoted one was taken."""
        self._bare -= {kind}
