"""A disk of a few kilobytes that can be full, free, read-only and writable again; where none can be mounted, None."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BALLAST = "ballast"
PIECE = b"\0" * 4096


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system in memory, mounted at a folder."""

    folder: Path

    def fill(self, but: int = 0) -> None:
        """Leave so many bytes free, and no more."""
        with (self.folder / BALLAST).open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(PIECE)
            except OSError:
                file.truncate(max(0, file.tell() - but))

    def free(self) -> None:
        """Take the ballast away."""
        (self.folder / BALLAST).unlink()

    def allow(self, how: str) -> None:
        """Make it `ro` or `rw`."""
        _mount("-o", f"remount,{how}", str(self.folder))


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[SmallDisk | None]:
    """Mount a disk at a folder until the block ends; None where this user may not."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
