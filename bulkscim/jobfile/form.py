"""What a user says of a job file's form: the encoding of its bytes, and the line of its column names (pure)."""

import codecs
import re
from dataclasses import dataclass

from bulkscim.errors import UsageError

_ERRORS_FILE = re.compile(rb'[^\n]*(_run[,;\t|]_row[,;\t|]_op|"_run":)')
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})


@dataclass(frozen=True, slots=True)
class Form:
    """The name of an encoding, empty where it is to be found in the bytes, and the header's line, 0 where it is to be found."""

    encoding: str = ""
    header_line: int = 0

    def of(self, start: bytes) -> "Form":
        """Return the form of a file that begins so; an errors file is written in one form only."""
        return AS_FOUND if _ERRORS_FILE.match(start) else self

    @property
    def codec(self) -> str:
        """The encoding's name in Python, empty where none is given; UsageError where it is not known."""
        if not self.encoding:
            return ""
        try:
            found = codecs.lookup(self.encoding).name
            "".encode(found)
        except (LookupError, ValueError):
            found = ""
        if not found or found.replace("-", "_") in {each.replace("-", "_") for each in _NO_CHARSETS}:
            raise UsageError(
                f"encoding {self.encoding!r} is not known; write one such as cp1250 (Central European Windows), "
                "cp1252 (Western), iso-8859-2, cp437 or utf-16"
            )
        return found


AS_FOUND = Form()
