"""Where a file may be written, and how: links and pipes stay what they are."""

import os
import stat
import threading
from pathlib import Path

import pytest

from bulkscim.errors import Stopped, UsageError
from bulkscim.outputs import ReaderLeft, binary_file, text_file


def write(path, *, replace=False, text=b"new"):
    """Write a few bytes."""
    with binary_file(path, replace=replace) as file:
        file.write(text)


def names(folder):
    """List a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def reading(tmp_path):
    """Make a pipe, and return what reads it to its end in a thread."""
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    thread.start()

    def end():
        thread.join(10)
        return got[0]

    return end


def test_a_new_file_is_whole_and_private(tmp_path):
    """Until the block ends nothing has the name; what fails leaves nothing behind."""
    with binary_file(tmp_path / "new", replace=False) as file:
        file.write(b"half")
        assert not (tmp_path / "new").exists()
    with pytest.raises(UnicodeEncodeError), text_file(tmp_path / "other", replace=False) as file:
        file.write("half \udce9")

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert names(tmp_path) == ["new"]


def test_an_existing_file_is_replaced_only_when_told(tmp_path):
    """It keeps its mode; one that appears while another is written is kept as well."""
    path, late = tmp_path / "old", tmp_path / "late"
    path.write_text("old")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="--force"):
        write(path)
    write(path, replace=True)
    with pytest.raises(UsageError, match="--force"), binary_file(late, replace=False):
        late.write_text("theirs")

    assert (path.read_text(), late.read_text()) == ("new", "theirs")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["late", "old"]


def test_a_link_stays_and_its_file_is_written(tmp_path):
    """Also where that is in another folder, or does not exist."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old").write_text("old")
    for link, target in (("one", "there/old"), ("two", "one"), ("three", "there/none")):
        (tmp_path / link).symlink_to(target)
        write(tmp_path / link)

    assert all((tmp_path / link).is_symlink() for link in ("one", "two", "three"))
    assert [(tmp_path / "there" / name).read_text() for name in ("old", "none")] == ["new", "new"]


@pytest.mark.parametrize("through", ["pipe", "link"])
def test_a_pipe_is_written_through(tmp_path, reading, through):
    """It stays a pipe, and its reader gets everything."""
    (tmp_path / "link").symlink_to("pipe")
    write(tmp_path / through)

    assert reading() == b"new"
    assert (tmp_path / "pipe").is_fifo()


def test_a_reader_that_leaves_is_said(tmp_path):
    """Of a pipe with a name it is an error: what it did not take is lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Stopped, match="pipe"), binary_file(pipe, replace=False) as file:
        file.writelines(os.close(each) or b"new" for each in [reader])


def test_a_descriptor_is_written_where_it_stands(tmp_path):
    """`/dev/fd/N` goes on where the descriptor is, and a file behind it is not replaced."""
    with (tmp_path / "log").open("wb") as file:
        file.write(b"first ")
        file.flush()
        write(Path(f"/dev/fd/{file.fileno()}"))
        write(Path(f"/proc/self/fd/{file.fileno()}"))

    assert (tmp_path / "log").read_bytes() == b"first newnew"


@pytest.mark.parametrize("name", ["-", "link"])
def test_standard_output_is_a_place(tmp_path, monkeypatch, capsys, name):
    """`-`, and what leads to descriptor 1, are the stream; text that was printed before comes first."""
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("/proc/self/fd/1")
    print("first")
    write(Path(name))

    assert capsys.readouterr().out == "first\nnew"
    assert names(tmp_path) == ["link"]


def test_a_reader_of_standard_output_may_leave(monkeypatch):
    """That is no error; who prints can stop."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        with pytest.raises(ReaderLeft):
            write(Path("-"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)


@pytest.mark.parametrize(
    ("name", "words"),
    [("none/new", "no folder .*none"), ("old/new", "old/new"), ("loop", "loop"), ("folder", "is a folder")],
)
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path, name, words):
    """Before the block, with the name that was given."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=words), binary_file(tmp_path / name, replace=True):
        pytest.fail("the block was entered")


def test_a_descriptor_that_is_not_for_writing_is_refused(tmp_path):
    """Closed, or opened for reading."""
    (tmp_path / "old").write_text("old")
    with (tmp_path / "old").open() as file:
        for name in (f"/dev/fd/{file.fileno()}", "/dev/fd/999"):
            with pytest.raises(UsageError, match=name):
                write(Path(name))
