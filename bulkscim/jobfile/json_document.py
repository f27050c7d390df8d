"""Records of a JSON file that is no JSONL: one array of objects, or objects over several lines.

The text is cut into objects by its brackets and strings, and each object is parsed by itself: a file of any size needs
the memory of one record. What cannot be cut is one problem, and nothing is read behind it.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bulkscim.jobfile import jsonl_reader
from bulkscim.jobfile.lines import RECORD_LIMIT
from bulkscim.jobfile.records import Fault, Problem, Record, shown
from bulkscim.jobfile.schema import SCHEMAS
from bulkscim.model.typed import quoted

_PIECE = 1 << 16
_TOKEN = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[{}\[\]\n"]')
_ENDS = re.compile(r"[\r\n]+")
_LIST = re.compile(r'"([^"\\]+)"\s*:\s*\[\s*\{')
_NAMES = frozenset(name.lower() for kind in SCHEMAS.values() for name in kind) - {"members", "id"}
_IDENTITIES = frozenset({"username", "displayname", "name", "emails"})
_WORDS = ("op", "type", "ref")
_OWN = frozenset({"op", "method", "data", "patch", "match", "ref", "member"})


def document(start: bytes) -> str:
    """Return what a JSON file is by its first bytes, if it is no JSONL; empty for JSONL."""
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"["):
        return "a JSON array"
    first, _, below = text.partition(b"\n")
    goes_on = first.strip().endswith((b"{", b"[", b",", b":")) and not below.lstrip(b" \t").startswith(b"{")
    too_long = len(first) > RECORD_LIMIT
    return "JSON objects over several lines" if text.startswith(b"{") and (goes_on or too_long) else ""


def read(
    stream: BinaryIO, name: str, start: int = 1, wanted: Callable[[int], bool] | None = None
) -> Iterator[Record | Problem]:
    """Read records from number `start` on, those that are wanted; `name` is the file's, for a command."""
    cutter = _Cutter()
    number = 0
    try:
        for line, text in _objects(cutter, stream):
            number += 1
            if number >= start and (wanted is None or wanted(number)):
                yield _record(number, line, text)
    except UnicodeDecodeError as error:
        message = (
            f"byte 0x{error.object[error.start]:02x} below this line is not UTF-8; save the file as UTF-8"
        )
        yield Problem(cutter.line, number + 1, Fault("", message))
    except _TooLong:
        message = (
            f"the object that begins here has over 1 MB; if it holds resources, {_convert(cutter.key, name)}"
        )
        yield Problem(cutter.began, number + 1, Fault("", message))
    except _Broken as error:
        yield Problem(cutter.line, number + 1, Fault("", str(error)))


def _record(number: int, line: int, text: str) -> Record | Problem:
    """Parse one object, and write its text on one line."""
    found = jsonl_reader.record_of(number, line, text)
    if isinstance(found, Problem):
        place = found.fault.place
        what = f"the object that begins here {found.fault.message}" if place.startswith("column") else ""
        return Problem(line, number, Fault("", what)) if what else found
    return found._replace(text=_ENDS.sub(" ", text))


def other_form(record: Record, name: str) -> Problem | None:
    """Say how a file becomes a job file whose first object is a resource, or holds a list of them."""
    body = record.body
    names = {name.lower() for name in body}
    if body.keys() & _OWN:
        words = [word for word in _WORDS if word in body]
        if not names & _NAMES or body.keys() & (_OWN - {*_WORDS}):
            return None
        own, rest = ", ".join(words), ", ".join(f".{word}" for word in words)
        wanted = f"{{{own}, data: del({rest})}}"
        text = f"has its attributes next to its operation; {_command(wanted, name)}"
        return Problem(record.line, record.number, Fault("", text))
    lists = [
        key
        for key, held in body.items()
        if isinstance(held, list) and held and isinstance(held[0], dict) and key.lower() not in _NAMES
    ]
    if lists and not names & _IDENTITIES:
        key = "Resources" if "Resources" in lists else lists[-1]
        text = f"holds resources under {shown(key)}; {_convert(key, name)}"
    elif names & _NAMES:
        text = f"is a resource, and no operation; {_convert('', name)}"
    else:
        return None
    return Problem(record.line, record.number, Fault("", text))


def _convert(key: str, name: str) -> str:
    """Name the command that writes each resource as a record of its own: those in an object, or all of a file."""
    held = (
        f".{key}[]"
        if key.isidentifier()
        else f".[{json.dumps(key)}][]"
        if key
        else 'if type == "array" then .[] else . end'
    )
    return _command(f"{held} | {{data: .}}", name)


def _command(wanted: str, name: str) -> str:
    stem = re.sub(r"\.(jsonl?|ndjson|txt)$", "", name)
    out = quoted(f"{stem}-records.jsonl")
    return f"write a record for each: jq -c {quoted(wanted)} {quoted(name)} > {out}"


def _objects(cutter: "_Cutter", stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield the outermost objects, each with the line where it begins."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    while piece := stream.read(_PIECE):
        yield from cutter.objects(decoder.decode(piece))
    yield from cutter.objects(decoder.decode(b"", final=True), is_last=True)


class _Broken(Exception):
    """A text that cannot be cut any further; says why."""


class _TooLong(Exception):
    """An object that is longer than a record may be."""


@dataclass(slots=True)
class _Cutter:
    """Where the cutting of a text has come to: `line` is where it is, `began` where the last object begins."""

    line: int = 1
    began: int = 1
    _text: str = ""
    _kept: int = 0  # where what is still needed begins: an object, or what is between two
    _at: int = 0
    _depth: int = 0
    _base: int = 0  # the depth at which objects are: 1 in an array
    _count: int = 0
    _is_inside: bool = False

    @property
    def key(self) -> str:
        """The first key of the text at hand whose value is a list of objects; that of a SCIM listing without one."""
        found = _LIST.search(self._text, self._kept)
        return found[1] if found else "Resources"

    def objects(self, piece: str, *, is_last: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the objects that end in a further piece of the text, with their lines."""
        self._text = self._text[self._kept :] + piece
        self._at -= self._kept
        self._kept = 0
        while found := _TOKEN.search(self._text, self._at):
            mark = found[0]
            if mark == '"' and not is_last and self._text.find("\n", found.end()) < 0:
                break  # the string ends in a later piece
            self._at = found.end()
            if mark == "\n":
                self.line += 1
            elif mark in "{[":
                self._open(mark)
            elif mark in "}]" and (text := self._close(mark)):
                yield self.began, text
        if len(self._text) - self._kept > RECORD_LIMIT:
            raise _TooLong if self._is_inside else _Broken("has over 1 MB of blanks between two records")
        if is_last:
            self._end()

    def _open(self, bracket: str) -> None:
        if not self._is_inside:
            between = self._text[self._kept : self._at - 1].strip()
            if bracket == "[" and (self._depth, self._base, self._count, between) == (0, 0, 0, ""):
                self._base, self._kept = 1, self._at
            elif bracket == "{" and self._depth == self._base and between == self._separator:
                self._is_inside, self.began, self._kept = True, self.line, self._at - 1
            else:
                raise _Broken(_no_record(between or bracket))
        self._depth += 1

    def _close(self, bracket: str) -> str:
        """Return the text of the object that ends here, if one does."""
        self._depth -= 1
        if self._is_inside:
            if self._depth > self._base:
                return ""
            text = self._text[self._kept : self._at]
            self._is_inside, self._kept, self._count = False, self._at, self._count + 1
            return text
        between = self._text[self._kept : self._at - 1].strip()
        if between or bracket != "]" or self._depth:
            raise _Broken(_no_record(between or bracket))
        self._kept = self._at
        return ""

    @property
    def _separator(self) -> str:
        return "," if self._base and self._count else ""

    def _end(self) -> None:
        if self._is_inside:
            raise _Broken(
                f"the file ends inside of the object that begins on line {self.began}; it is cut off"
            )
        if rest := self._text[self._kept :].strip():
            raise _Broken(_no_record(rest))
        if self._depth:
            raise _Broken("the file ends inside of an array; it is cut off")


def _no_record(text: str) -> str:
    return f"{shown(text)} is not an object {{…}} of an array; a record is an object"
