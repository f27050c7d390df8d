"""What a file is by its name, and what it is by its first bytes if those are no job file's (pure)."""

import re
from pathlib import Path

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_WORKBOOKS = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".numbers"})
_CSV = "open it, save its sheet as CSV UTF-8 (comma delimited), and name that file"
_UNPACK = "unpack it, and name the job file that is in it"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"is an Office file, such as an .xls workbook; {_CSV}"),
    (b"%PDF-", "is a PDF; ask for the data as CSV UTF-8"),
    (b"{\\rtf", "is a document in rich text; save it as plain text in UTF-8"),
    (b"BZh91AY&SY", f"is packed by bzip2; {_UNPACK}"),
    (b"\xfd7zXZ\x00", f"is packed by xz; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"is packed by zstd; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"is a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"is a RAR archive; {_UNPACK}"),
    (b"SQLite format 3\x00", "is an SQLite database; export the table as CSV UTF-8"),
    (b"PAR1\x15", "is a Parquet file; export it as CSV UTF-8"),
    (b"Obj\x01", "is an Avro file; export it as CSV UTF-8"),
    (b"\x89PNG\r\n", "is a picture; ask for the data as CSV UTF-8"),
    (b"\xff\xd8\xff", "is a picture; ask for the data as CSV UTF-8"),
    (b"-----BEGIN ", "is a key, certificate or encrypted message; name the job file"),
)
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_TAR = 257  # where an archive by tar has its mark
_PAGE = re.compile(rb"\s*<(!doctype html|html|head|body|table|meta|script)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<(\?xml|[\w:]+\s+xmlns)", re.IGNORECASE)
_SHEET = b"urn:schemas-microsoft-com:office:spreadsheet"
_BOM = b"\xef\xbb\xbf"


def format_of(path: Path) -> str | None:
    """Return the format that a name says, None where it says nothing."""
    return _FORMATS.get(_suffix(path))


def is_workbook(path: Path) -> bool:
    """Return, by its name, whether a file is a spreadsheet program's own."""
    return _suffix(path) in _WORKBOOKS


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def foreign(start: bytes) -> str:
    """Return what a file is that begins so, and what to do; empty for what may be a job file."""
    if start.startswith(_ZIPS):
        return _zip(start)
    for signature, what in _SIGNATURES:
        if start.startswith(signature):
            return what
    if start[_TAR:].startswith(b"ustar"):
        return f"is a tar archive; {_UNPACK}"
    text = start.removeprefix(_BOM)
    if _PAGE.match(text) or (_XML.match(text) and b"<html" in text.lower()):
        return (
            "is a web page (HTML), not CSV: an export that is saved with this name, or a page that asks to sign in; "
            f"if it shows a table in a spreadsheet program, {_CSV}"
        )
    if _XML.match(text):
        return (
            f"is an XML workbook; {_CSV}"
            if _SHEET in text
            else "is XML; export the data as CSV UTF-8 or JSON"
        )
    return ""


def _zip(start: bytes) -> str:
    """Return whether a zip file is a workbook, by the names at its start."""
    if b"mimetypeapplication/vnd.oasis.opendocument" in start or b"xl/" in start:
        return f"is a workbook; {_CSV}"
    if b"Index/Document.iwa" in start or b"Index.zip" in start:
        return f"is a Numbers workbook; {_CSV}"
    if b"[Content_Types].xml" in start or b"_rels/.rels" in start:
        return f"is an Office file, such as a workbook; {_CSV}"
    return f"is a zip archive; {_UNPACK}"
