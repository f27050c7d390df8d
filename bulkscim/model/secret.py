"""A text that never shows itself."""

from dataclasses import dataclass

MASK = "[secret]"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A credential: printed, logged or formatted it is `[secret]`; only `reveal` gives it away."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself, for the one header that needs it."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK
