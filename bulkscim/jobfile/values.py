"""What the values of a record say, judged by the kind of their attribute (pure).

Rules
1. What can only be wrong refuses the file: a value that a spreadsheet has damaged, a text that was decoded wrongly, an
   address that no mail can reach, a row that is no record.
2. What is hardly ever meant is a warning: the file is taken, and each kind is told once, with how many there are.
3. What is unusual and possible is neither: names like Null, of one letter or with marks, numbers as titles.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import available_timezones

from bulkscim.jobfile.invisible import NO_BREAK, UNSEEN, plain_name
from bulkscim.jobfile.quick_values import (
    CELL_ERRORS,
    DAMAGED_DATE,
    NOTHING,
    NOTHING_BUT_A_NAME,
    SECRETS,
    ValueKind,
    is_usual,
    kind_of,
    texts_of,
)
from bulkscim.jobfile.records import shown
from bulkscim.model.operation import ENTERPRISE, Operation, Role
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import parse
from bulkscim.scim.schemas import READ_ONLY

_SERVER_OWN = READ_ONLY - {"schemas"}


class Doubt(NamedTuple):
    """What is wrong with a value: `about` groups those of one kind, `refuses` is False for a warning."""

    about: str
    attribute: str
    value: str
    message: str
    refuses: bool = True


_MASKED = re.compile(r"([*\u2022\u25cf.xX#-])\1{2,}").fullmatch
_E_FORM = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+]\d+").fullmatch
_DAMAGED = re.compile(DAMAGED_DATE).fullmatch
_SERIAL = re.compile(r"[1-7]\d{4}(?:[.,]\d+)?").fullmatch  # days since 1900: 1927 to 2118
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?").fullmatch
_DECIMAL = re.compile(r"\d+[.,]0+").fullmatch
_FORMULA = re.compile(r"=\s*(?:[\"'A-Za-z(+-]|\d)").match
_TEXT_FORMULA = re.compile(r"=\s*\".*\"").fullmatch
_INVISIBLE = re.compile(f"[{UNSEEN}]")
_INVISIBLE_OR_NO_BREAK = re.compile(f"[{UNSEEN}{NO_BREAK}]")  # a blank that only looks like one
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REACHABLE = re.compile(
    r"[^\s@<>()\[\],;:\"\u201c\u201d\u2018\\]+@[^\s@<>()\[\],;:\"\u201c\u201d'_]+"
).fullmatch
_TOTAL = re.compile(
    r"\W*(?:(?:grand|sub|sous)[ -]?)?(?:totals?(?: g[e\u00e9]n[e\u00e9]ral)?|sum|summe|gesamt(?:summe|zahl|anzahl)?|insgesamt|"
    r"(?:zwischen|end)summe|somme|totaux|suma|totale|anzahl|count)\b[\W\d]*"
    r"(?:users?|rows?|records?|people|employees|benutzer|zeilen)?\W*",
    re.IGNORECASE,
).fullmatch
_FOOTER = re.compile(
    r"\(?\d[\d,. ]* (?:rows?|records?|users?|lines?|zeilen|datens\u00e4tze|benutzer)\b.{0,20}\)?"
    r"|[-=_*#~. ]{2,}|(?:<{7}|>{7}|={7}) ?.*|[-*= ]*(?:end of (?:file|report|list)|eof)\b.{0,20}|(?:page|seite) \d+\b.{0,12}"
    r"|(?:report )?(?:generated|created|exported|printed) (?:on|at|by)\b.*",
    re.IGNORECASE,
).fullmatch
_TEMPLATE = re.compile(r"\[object \w+\]|%%\w+%%|\{\{.*\}\}|\$\{.*\}").search
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);", re.IGNORECASE).search
_EXAMPLE = re.compile(r"\s*(?:example|e\.g\.|beispiel|exemple|ejemplo|sample)\s*:", re.IGNORECASE).match
_VERSION = re.compile(r"\s*version\s*:\s*v?\d[\w.]*\s*", re.IGNORECASE).fullmatch


def doubts_of(operation: Operation) -> tuple[Doubt, ...]:
    """Return what is wrong with the values of a record that `is_clean` has not passed."""
    # A resource that has such a name can only be changed or deleted by naming it.
    held = None if operation.makes else operation.target.value
    found = {
        Doubt(about, name, text, message, refuses and text != held): None
        for leaf, name, text in texts_of(operation)
        for about, message, refuses in _wrong(kind_of(leaf), text)
    }
    return tuple(found)


def doubts_of_read_only(operation: Operation) -> Iterator[Doubt]:
    """Yield the attributes that the record sets and only the server can set (RFC 7643 §3.1, §4.1.2)."""
    names = list(operation.data)
    for change in operation.changes:
        held = change.value if change.path is None and isinstance(change.value, dict) else ()
        names += [parse(change.path).attribute] if change.path is not None else held
    for name in dict.fromkeys(name for name in names if name.lower() in _SERVER_OWN):
        text = "is set by the server alone, which ignores it or refuses the record"
        yield Doubt("readOnly", name, "", text, refuses=False)


def doubts_of_ids(operation: Operation) -> Iterator[Doubt]:
    """Yield the ids of members and managers that look like names: a tenant may take them and hold a reference to nothing."""
    extension = operation.data.get(ENTERPRISE)
    named = [("members", operation.data.get("members"))]
    named += [("manager", extension.get("manager"))] if isinstance(extension, dict) else []
    for change in operation.changes:
        leaf = (change.path or "").rpartition(":")[2].lower()
        named += [(leaf, change.value)] if leaf in {"members", "manager"} and change.op != "remove" else []
    for name, value in named:
        for one in ids_in(value):
            if "@" in one:
                text = f'{shown(one)} is sent as an id; to name a user, write {{"userName": {shown(one)}}} in the data of the record, or use add_member'
                yield Doubt("id", name, one, text, refuses=False)


def doubts_of_references(operation: Operation, *, is_mapped: bool) -> Iterator[Doubt]:
    """Yield what is doubtful of the resources that cells of CSV refer to: several in one name, and managers' names."""
    own = operation.target.value
    for reference in operation.references:
        role, key = reference.role, reference.key
        value = key.value
        if role is Role.GROUP and (found := re.search(r"[,|\n]\s*(?=\S)", value)):
            mark = found[0].strip() or "\\n"
            how = (
                f'write groups = {{ column = "…", split = "{mark}" }} in the map'
                if is_mapped
                else f'put ; between groups, or write groups = {{ column = "…", split = "{mark}" }} in a map'
            )
            text = f"{shown(value)} is taken as the name of one group; if it is several, {how}"
            yield Doubt("separator", "groups", value, text, refuses=False)
        elif role is Role.MANAGER and key.attribute == "userName" and _is_no_name(value, own):
            what = "employeeNumber" if value.isdigit() else "displayName"
            text = (
                f"{shown(value)} is looked up as a userName; if it is {'a number' if value.isdigit() else 'a name'}, "
                f'write manager = {{ column = "…", lookup = "{what}" }} in a map'
            )
            yield Doubt("manager", "manager", value, text, refuses=False)


def _is_no_name(value: str, own: str) -> bool:
    """Return whether a text is hardly a userName, where the user's own is another kind of text."""
    return (value.isdigit() and not own.isdigit()) or (" " in value and "@" not in value and " " not in own)


def repeats(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row of CSV repeats the header, as after joining two files."""
    told = [
        (plain_name(cell).casefold(), plain_name(name).casefold())
        for cell, name in zip(cells, names, strict=False)
    ]
    filled = [cell == name for cell, name in told if cell]
    return bool(filled) and all(filled) and (len(filled) > 1 or len(names) == 1)


def _wrong(kind: ValueKind, text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield what is wrong with a value, with what that is about and whether it refuses the file."""
    folded = text.strip().casefold()
    if not folded:
        return
    if kind is ValueKind.PASSWORD:
        if _MASKED(text) or folded.strip("<>[]()") in SECRETS:
            yield "password", "is a placeholder and not a password; leave the cell empty", True
        return
    if folded in CELL_ERRORS:
        yield (
            "cell error",
            f"is {shown(text)}, an error of the spreadsheet; correct the cell there and save again",
            True,
        )
    elif folded in NOTHING or (folded in NOTHING_BUT_A_NAME and not _may_be_meant(kind, folded)):
        fix = (
            "leave the cell empty to leave the attribute alone"
            if kind is not ValueKind.LOGIN
            else "name the user"
        )
        message = f"is {shown(text)}, a word for nothing; {fix}"
        # Some forms want a dash where a person has one name alone.
        yield "placeholder", message, not (kind is ValueKind.NAME and folded.strip("-.") == "")
    elif found := _TEMPLATE(text):
        yield "placeholder", f"holds {shown(found[0])}, which a template or a program has left", True
    elif _FORMULA(text):
        # A tenant may hold such a text, and an export of it is a job file.
        is_number = _TEXT_FORMULA(text) is not None
        yield "formula", f"is {shown(text)}, a formula; save the sheet with its values", is_number
    else:
        yield from _letters(kind, text)
        yield from _row(kind, text)
        yield from _dates(kind, text)
        yield from _form(kind, text)


def _may_be_meant(kind: ValueKind, folded: str) -> bool:
    """Return whether a word for nothing can be a value: people are called Null, and a title can be the word none."""
    return kind is ValueKind.NAME or (kind is ValueKind.TEXT and folded == "none")


def _letters(kind: ValueKind, text: str) -> Iterator[tuple[str, str, bool]]:
    """Judge what a text is written with."""
    if re.search(r"[^\W\d_]\?[^\W\d_]", text) and "://" not in text:
        yield "letters lost", f"is {shown(text)}: a letter was lost (?); export it again as UTF-8", False
    if found := _ENTITY(text):
        yield (
            "entity",
            f"holds {shown(found[0])}, a letter as web pages write it; export it as plain text",
            False,
        )
    if text.isascii() and text.isprintable():
        return
    if "\ufffd" in text:
        message = f"is {shown(text)}: letters were lost (U+FFFD); export it again as UTF-8"
        yield "letters lost", message, True
    elif (meant := _misread(text)) is not None:
        yield (
            "misread",
            f"is {shown(text)}, which was decoded wrongly: {shown(meant)}; export it again as UTF-8",
            True,
        )
    elif hidden := (_INVISIBLE if kind is ValueKind.PHONE else _INVISIBLE_OR_NO_BREAK).search(text):
        code = f"U+{ord(hidden[0]):04X}"
        is_name = kind in {ValueKind.LOGIN, ValueKind.ADDRESS, ValueKind.NUMBER}  # it would be another user's
        yield "invisible", f"holds the invisible character {code} in {shown(text)}; delete it", is_name
    if _CONTROL.search(text):
        yield "control", f"is {shown(text)}, and holds a line break or a control character; delete it", False


def _misread(text: str) -> str | None:
    """Return what a text was before UTF-8 was read as Windows-1252 or Latin-1, None where it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            meant = text.encode(encoding).decode()
        except UnicodeError:
            continue
        return meant if meant != text and meant.isprintable() else None
    return None


def _row(kind: ValueKind, text: str) -> Iterator[tuple[str, str, bool]]:
    """Judge whether a name is that of a record at all."""
    if _EXAMPLE(text) or _VERSION(text):
        yield "row", f"says {shown(text)}: a line of a template, no record; delete the line", True
    elif _TOTAL(text) and (kind is ValueKind.LOGIN or (kind is ValueKind.NAME and ":" in text)):
        yield "row", f"says {shown(text)}: a total, no record; delete the line", True
    elif kind is ValueKind.LOGIN and _FOOTER(text):
        yield "row", f"says {shown(text)}: the end of a report, no record; delete the line", True


def _form(kind: ValueKind, text: str) -> Iterator[tuple[str, str, bool]]:
    """Judge the form that values of a kind have."""
    match kind:
        case ValueKind.NUMBER | ValueKind.LOGIN | ValueKind.ADDRESS if text.startswith("'"):
            yield "quote", f"is {shown(text)}: a spreadsheet's mark for text; delete the '", True
        case ValueKind.NUMBER | ValueKind.PHONE | ValueKind.LOGIN if _E_FORM(text):
            message = f"is {shown(text)}: a spreadsheet has cut its digits; format the column as text and export again"
            yield "E form", message, True
        case ValueKind.NUMBER if _DECIMAL(text):
            whole = re.split("[.,]", text)[0]
            message = f"is {shown(text)}: a spreadsheet has made a number of it; {shown(whole)} is meant?"
            yield "decimal", message, True
        case ValueKind.ADDRESS | ValueKind.LOGIN if kind is ValueKind.ADDRESS or "@" in text:
            if reason := _unreachable(text):
                yield (
                    "address",
                    f"is {shown(text)}, no e-mail address: {reason}",
                    kind is ValueKind.ADDRESS or "@" in text,
                )
        case ValueKind.PHONE if not re.search(r"\d", text):
            yield "phone", f"is {shown(text)}, which has no digits", False
        case ValueKind.LANGUAGE if not is_usual(kind, text):
            yield "language", f"is {shown(text)}, no language tag such as en or en-US", False
        case ValueKind.TIMEZONE if text not in _zones():
            yield "timezone", f"is {shown(text)}, no time zone such as Europe/Berlin", False


def _is_date(text: str) -> bool:
    found = _DATE(text)
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:  # such as 2026-02-30
        return False


def _dates(kind: ValueKind, text: str) -> Iterator[tuple[str, str, bool]]:
    """Judge what a spreadsheet has made a date, and dates that are none as SCIM writes them."""
    if kind not in {ValueKind.LOGIN, ValueKind.ADDRESS, ValueKind.NAME} and _DAMAGED(text):
        message = f"is {shown(text)}: a spreadsheet has made a date of it; format the column as text and enter it again"
        yield "damaged date", message, kind in {ValueKind.NUMBER, ValueKind.DATE}
    elif kind is ValueKind.DATE and _SERIAL(text):
        day = date(1899, 12, 30) + timedelta(days=int(re.split("[.,]", text)[0]))
        message = f"is {shown(text)}, the number by which a spreadsheet keeps a date; write {day.isoformat()}"
        yield "date number", message, True
    elif kind is ValueKind.DATE and not _is_date(text):
        yield "date", f"is {shown(text)}, no date such as 2026-12-31 or 2026-12-31T08:00:00Z", False


def _unreachable(text: str) -> str:
    """Say why no mail can reach an address; empty where one can, and where a quoted part makes it hard to tell."""
    local, _, domain = text.rpartition("@")
    if "<" in text or text.lower().startswith("mailto:"):
        return "write the address alone"
    if text.count("@") > 1 or re.search(r"[,;]\s*\S", text):
        return (
            "there is more than one @; write one address in a cell"
            if "@" in local
            else "write only one in a cell"
        )
    if "@" not in text:
        return "it has no @"
    if local.startswith('"') and local.endswith('"') and len(local) > 2:  # noqa: PLR2004
        return ""
    if not _REACHABLE(text):
        return "it must not hold blanks, brackets, quotes or commas"
    if (
        ".." in text
        or local.startswith(".")
        or local.endswith(".")
        or domain.startswith((".", "-"))
        or domain.endswith((".", "-"))
    ):
        return "a dot is in a wrong place"
    return ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) | {"UTC", "GMT", "Z"}
