"""Files come as spreadsheets and pipes write them; what they say is the same in every disguise."""

import bz2
import codecs
import gzip
import io
import lzma
import stat
import tarfile
import tempfile
import zipfile

import pytest

from bulkscim.errors import JobFileInvalid, UsageError
from bulkscim.jobfile.encoding import AS_FOUND, Encoding, FileForm, encoding_of
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults, Verb

CREATE = Defaults(Verb.CREATE)
TEXT = (
    "userName;familyName;title;groups\n"
    'ada@example.com;Łovelace-Müller;"Lead, too\nin two lines";Ops\n'
    " bob@example.com ;Ångström;;\n;;;\n  ; ;;\n"
)
WESTERN = TEXT.replace("Ł", "L")


@pytest.fixture(autouse=True)
def _copies_go_with_the_test(tmp_path, monkeypatch):
    """Files that are not read as they lie are copied; the copies go where the test's own files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def operations(source):
    """Read what a source asks."""
    return list(rows(source, CREATE))


def disguises(text):
    """Return the bytes of a text as people have them, by what it is called."""
    tabs = text.replace(";", "\t")
    return {
        "UTF-8": text.encode(),
        "mark": codecs.BOM_UTF8 + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "UTF-16 big-endian": codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "big-endian without a mark": text.encode("utf-16-be"),
        "tab": tabs.encode(),
        "tab and UTF-16": tabs.encode("utf-16"),
        "CR LF": text.replace("\n", "\r\n").encode(),
        "gzip": gzip.compress(text.encode()),
        "gzip of UTF-16": gzip.compress(text.encode("utf-16")),
    }


def opened(tmp_path, data, name="job.csv", form=AS_FOUND):
    """Write a file and open it."""
    path = tmp_path / name
    path.write_bytes(data)
    return open_source(str(path), form=form)


@pytest.mark.parametrize("name", disguises(TEXT))
def test_each_disguise_says_the_same(tmp_path, name):
    """Marks, UTF-16, tabs, line ends and packing change nothing; blank rows at the end are no records."""
    plain = operations(opened(tmp_path, TEXT.encode(), "plain.csv"))

    source = opened(tmp_path, disguises(TEXT)[name])

    wanted = repr(plain).replace("\\n", "\\r\\n") if name == "CR LF" else repr(plain)
    assert repr(operations(source)) == wanted
    assert [operation.target.value for _, operation in plain] == ["ada@example.com", "bob@example.com"]
    source.discard()


@pytest.mark.parametrize("name", disguises(TEXT))
def test_each_disguise_may_come_from_a_pipe(tmp_path, name):
    """Standard input is spooled, unpacked and transcoded like a file, and leaves one private copy."""
    plain = operations(opened(tmp_path, disguises(TEXT)[name]))

    source = open_source("-", io.BytesIO(disguises(TEXT)[name]))

    assert operations(source) == plain
    assert (source.name, source.spooled, source.format) == ("stdin", True, "csv")
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    source.discard()
    assert not source.path.exists()


def test_windows_1252_is_read_as_excel_wrote_it(tmp_path):
    """Bytes that UTF-8 never has, and nothing that only UTF-8 has: umlauts come out as umlauts."""
    plain = operations(opened(tmp_path, WESTERN.encode(), "plain.csv"))

    source = opened(tmp_path, WESTERN.encode("cp1252"))

    assert operations(source) == plain
    assert source.spooled
    assert source.path.read_bytes() == WESTERN.encode()
    source.discard()


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"userName\na\n", ()),
        (b"userName,title\r\na,b\r\n", ("lines end in CR LF",)),
        (
            codecs.BOM_UTF8 + b"userName;title\r\na;b\r\n",
            ("read as UTF-8 with a byte order mark, semicolons between cells, lines end in CR LF",),
        ),
        ("userName\ttitle\na\tb\n".encode("utf-16"), ("read as UTF-16, tabs between cells",)),
        (
            b"userName\nJos\xe9\n",
            (
                'read as Windows-1252: "José" (if letters are wrong, name the encoding, such as --encoding cp1250)',
            ),
        ),
        (gzip.compress(b"userName\na\n", mtime=0), ("unpacked",)),
    ],
)
def test_what_was_detected_is_said(tmp_path, data, note):
    """One note says all that is unusual; an ordinary file needs none."""
    source = opened(tmp_path, data)

    checked = check(source, CREATE, tmp_path / "index.sqlite")

    assert checked.notes == note
    checked.sound_index().close()
    source.discard()


def test_a_utf8_file_with_a_damaged_line_is_not_taken_for_another(tmp_path):
    """What holds both real UTF-8 and foreign bytes is damaged: each bad line is named, nothing is guessed."""
    source = opened(tmp_path, "userName\nJosé\n".encode() + b"Jos\xe9\n")

    checked = check(source, CREATE, tmp_path / "index.sqlite")

    assert "byte 0xe9 at offset 18 is not UTF-8" in checked.problems[0]
    assert not source.spooled


def test_a_character_cut_between_two_pieces_is_whole():
    """The encoding is found across pieces, at whatever byte they are cut."""
    data = "é".encode()

    assert encoding_of(data, lambda: [data[:1], data[1:]]) is Encoding.UTF_8
    assert encoding_of(data[:1], lambda: [data[:1]]) is Encoding.WINDOWS


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("job.csv", TEXT.encode("utf-16")[:-1], "is not whole UTF-16"),
        ("job.csv.gz", gzip.compress(b"userName\na\n", mtime=0)[:-4], "is not a whole gzip file"),
        ("job.csv.gz", b"userName\na\n", "is not a whole gzip file"),
    ],
)
def test_what_breaks_off_is_refused(tmp_path, name, data, said, monkeypatch):
    """Half a file is no job, and nothing of it is left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(JobFileInvalid, match=said):
        opened(tmp_path, data, name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def zipped(*names):
    """Return a zip file of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(
                name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x"
            )
    return file.getvalue()


def tarred():
    """Return a tar archive of one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("people.csv"))
    return file.getvalue()


WORKBOOK = "is (a|an XML) workbook; open it, save its sheet as CSV UTF-8"
FOREIGN = [
    ("people.xlsx", b"PK\x03\x04", WORKBOOK),
    ("a.csv", zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), WORKBOOK),
    ("a.csv", zipped("mimetype", "content.xml"), WORKBOOK),
    (
        "a.csv",
        b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        WORKBOOK,
    ),
    (
        "a.csv",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
        r"is an Office file, such as an \.xls workbook; open it",
    ),
    ("a.csv", zipped("people.csv"), "is a zip archive; unpack it"),
    ("a.zip", zipped("people.csv"), "is a zip archive; unpack it"),
    ("a.jsonl", gzip.compress(tarred(), mtime=0), "is a tar archive; unpack it"),
    ("a.csv", bz2.compress(b"userName"), "is packed by bzip2; unpack it"),
    ("a.csv", lzma.compress(b"userName"), "is packed by xz; unpack it"),
    ("a.csv", b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
    ("a.csv", b"\n<!DOCTYPE html><html><head><title>Sign in", "is a web page .* asks to sign in"),
    ("a.csv", codecs.BOM_UTF8 + b"<table><tr><td>userName</td>", "is a web page"),
    ("a.csv", b"<?xml version='1.0'?>\n<users><user/>", "is XML"),
    ("a.csv", b"{\\rtf1 userName", "rich text"),
]


@pytest.mark.parametrize(("name", "data", "said"), FOREIGN, ids=[said for _, _, said in FOREIGN])
def test_what_is_no_job_file_is_named_with_what_to_do(tmp_path, name, data, said, monkeypatch):
    """A workbook that was renamed was a NUL byte at offset 6, and a page that asks to sign in an unknown column."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(UsageError, match=said):
        opened(tmp_path, data, name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name != "people.xlsx":
        with pytest.raises(UsageError, match=said):
            open_source("-", io.BytesIO(data))


@pytest.mark.parametrize(
    "start", [b"PK,userName\n1,a\n", b"BZh,userName\n1,a\n", b"PAR1,userName\n1,a\n", b"<userName>\n"]
)
def test_what_only_looks_like_another_program_is_read(tmp_path, start):
    """The bytes of a signature may begin a column's name."""
    assert opened(tmp_path, start).format == "csv"


def test_a_password_in_a_file_that_must_be_copied_is_refused(tmp_path):
    """A transcoded copy would put the secret on disk a second time."""
    source = opened(tmp_path, "userName,password\na,geheim\n".encode("utf-16"))

    checked = check(source, CREATE, tmp_path / "index.sqlite")

    assert "name a plain UTF-8 file instead" in checked.problems[0]
    source.discard()


SLAVIC = "userName,title\nKovář,Ťok\nada,Lead\nŁukasz,„Vedoucí“\n"


@pytest.mark.parametrize("name", ["cp1250", "windows-1250", "iso-8859-2", "cp852", "utf-16-le", "UTF-8"])
def test_an_encoding_that_is_named_is_used(tmp_path, name):
    """A Central European file was read as Windows-1252, wrong letters and all, or each line of it refused."""
    text = SLAVIC.translate({ord("„"): None, ord("“"): None})
    (tmp_path / "job.csv").write_bytes(text.encode(name))

    source = open_source(str(tmp_path / "job.csv"), form=FileForm(name))

    assert [operation.data["userName"] for _, operation in operations(source)] == ["Kovář", "ada", "Łukasz"]
    assert [note for note in source.notes if "utf" not in note.lower()] == (
        [] if name.lower().startswith("utf") else [f'read as {name}: "Kovář" and "Ťok"']
    )
    if source.spooled:
        copy = opened(tmp_path, source.path.read_bytes(), "copy.csv", FileForm("cp1250"))
        assert operations(copy) == operations(source)  # the mark at its start counts for more than the name
    source.discard()


def test_an_encoding_does_not_count_where_the_file_says_another(tmp_path):
    """A byte order mark is no guess, and an errors file of a run under the same definition is UTF-8."""
    marked = codecs.BOM_UTF8 + SLAVIC.encode()
    errors = "userName,_run,_row,_op\nKovář,r,1,create\n".encode()

    for data in (marked, errors):
        (tmp_path / "job.csv").write_bytes(data)
        source = open_source(str(tmp_path / "job.csv"), form=FileForm("cp1250", 1))
        assert operations(source)[0][1].data["userName"] == "Kovář"
        assert not source.spooled


@pytest.mark.parametrize("name", ["cp12500", "rot13", "idna", "zip", "unicode-escape", "x\0"])
def test_an_encoding_that_is_none_is_refused(tmp_path, name, monkeypatch):
    """No traceback, and no copy is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "job.csv.gz").write_bytes(gzip.compress(b"userName\na\n"))

    with pytest.raises(UsageError, match="write one such as cp1250"):
        open_source(str(tmp_path / "job.csv.gz"), form=FileForm(name))
    assert [path.name for path in tmp_path.iterdir()] == ["job.csv.gz"]


def test_bytes_that_an_encoding_does_not_have_are_refused(tmp_path):
    """Half a word of another encoding is not read."""
    (tmp_path / "job.csv").write_bytes(b"userName\n\xff\xe9\n")

    with pytest.raises(JobFileInvalid, match="is not whole ASCII"):
        open_source(str(tmp_path / "job.csv"), form=FileForm("ascii"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SLAVIC.encode(), "is UTF-8 throughout, and would be garbled as cp1250; leave the encoding out"),
        (b"userName\n\xe9\x81\n", "is not whole text in that encoding"),
    ],
)
def test_an_encoding_that_cannot_be_the_files_is_refused(tmp_path, data, said):
    """A definition for last month's code page garbled this month's UTF-8."""
    with pytest.raises(JobFileInvalid, match=said):
        opened(tmp_path, data, form=FileForm("cp1250"))
