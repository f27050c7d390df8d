"""A disk in memory that loses what was not synced, is slow, and fails: when told to, or by chance."""

import errno
from contextlib import suppress
from pathlib import Path
from random import Random

from anyio.lowlevel import checkpoint

from bulkscim.errors import JournalDead

PAGE = 64  # small, so that a page boundary falls inside most lines


class SimulatedDisk:
    """The Disk protocol with a crash.

    As on Linux, a sync that failed leaves its pages readable but clean: no later sync brings them to the disk.
    `fail_at` holds numbers of writes and syncs (counted together, from 1) that fail; `writes_short` lets a
    failing write leave half of its bytes. `slow_s` is the longest call on `clock`, `bad` the share of writes and
    syncs that fail by chance.
    """

    def __init__(self, *, fail_at=(), writes_short=True, clock=None, random=None, slow_s=0.0, bad=0.0):
        self.fail_at = set(fail_at)
        self.clock, self.random, self.slow_s, self.bad = clock, random or Random(0), slow_s, bad
        self.faults = 0
        self._under_way = {}
        self._fate = None
        self.writes_short = writes_short
        self.calls = 0
        self.syncs = 0
        self.gate = None  # an event that off_loop waits for first
        self._names = {}
        self._stored_names = {}
        self._folders = set()
        self._locks = set()

    def make_folder(self, path):
        if path in self._folders:
            raise FileExistsError(path)
        self._folders |= {path, *path.parents}

    def folders(self, path):
        return sorted(folder.name for folder in self._folders if folder.parent == path and folder != path)

    def exists(self, path):
        return path in self._folders or path in self._names

    def create(self, path):
        self._names[path] = _File(self)
        return self._names[path]

    def open_append(self, path):
        return self._file(path)

    def open_read(self, path):
        return self._file(path)

    def replace(self, source, target):
        self._names[target] = self._names.pop(source)

    def sync_folder(self, path):
        self.count()
        for name in sorted({*self._names, *self._stored_names}):
            if name.parent == path:
                self._store_name(name)

    def lock(self, path):
        if path in self._locks:
            return None
        self._locks.add(path)
        return _Lock(self._locks, path)

    async def off_loop(self, call):
        self._under_way[call] = None
        try:
            await self._work()  # the others get their turn, as they do while a thread works
            if self.gate is not None:
                await self.gate.wait()
        except GeneratorExit:  # the process is gone; what became of the call, `process_died` has said
            raise
        except BaseException:
            self._under_way.pop(call, None)
            raise
        self._under_way.pop(call, None)
        result = call()
        if self.slow_s:
            await self._work()
        return result

    async def _work(self):
        if self.clock is not None and self.slow_s:
            await self.clock.sleep(self.random.random() * self.slow_s)
        else:
            await checkpoint()

    def process_died(self):
        """Bring what a process had under way to the end that chance gives it: nothing, part, or all of it."""
        for call in self._under_way:
            self._fate = self.random.choice(("nothing", "half", "unsynced", "all"))
            if self._fate != "nothing":
                with suppress(OSError, ValueError, JournalDead):
                    call()
        self._fate = None
        self._under_way.clear()
        self._locks.clear()

    def sync_begins(self):
        """Fail where the process died before its sync."""
        if self._fate == "unsynced":
            raise OSError(errno.EINTR, "the process is gone")

    def durable(self, path):
        """Return what a file holds that outlives any crash, None where not even its name does."""
        file = self._stored_names.get(path)
        return file._stored if file is not None else None

    def contents(self, path):
        """Return what a reader sees."""
        return bytes(self._file(path).live)

    def put(self, path, data):
        """Let a file hold these bytes, durably."""
        file = self.create(path)
        file.live[:] = data
        file.settle(lambda: True)
        self._store_name(path)

    def count(self):
        """Count a write or sync; OSError if it is one that fails."""
        self.calls += 1
        if self.calls in self.fail_at or self._fate == "half":
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.bad and self.random.random() < self.bad:
            self.faults += 1
            raise OSError(self.random.choice((errno.ENOSPC, errno.EIO)), "the disk fails")

    def crash(self, survives):
        """Let the machine crash: `survives()` is asked of each page and name that was not synced."""
        for name in sorted({*self._names, *self._stored_names}):
            if survives():
                self._store_name(name)
        self._names = dict(self._stored_names)
        for file in self._names.values():
            file.settle(survives)
        self._locks.clear()
        self.fail_at = set()

    def names(self, path):
        """Return the file of this name, None where there is none."""
        return self._names.get(path)

    def _store_name(self, name):
        if name in self._names:
            self._stored_names[name] = self._names[name]
        else:
            self._stored_names.pop(name, None)

    def _file(self, path):
        if path not in self._names:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        return self._names[path]


class _File:
    """A file, its writer and its reader in one."""

    def __init__(self, disk):
        self._disk = disk
        self.live = bytearray()
        self._stored = bytearray()
        self._dirty_from = 0

    def write(self, data):
        try:
            self._disk.count()
        except OSError:
            if self._disk.writes_short:
                self.live += data[: len(data) // 2]
            raise
        self.live += data

    def sync(self):
        self._disk.sync_begins()
        self._disk.syncs += 1
        start, self._dirty_from = self._dirty_from, len(self.live)
        self._disk.count()
        self._store(start, self.live[start:])

    def is_at(self, path, size):
        return self._disk.names(path) is self and len(self.live) == size

    def settle(self, survives):
        """Keep of the unsynced pages those that survive; a lost one before a kept one reads as zeros."""
        for start in range(self._dirty_from, len(self.live), PAGE):
            if survives():
                self._store(start, self.live[start : start + PAGE])
        self.live[:] = self._stored
        self._dirty_from = len(self.live)

    def size(self):
        return len(self.live)

    def read_at(self, offset, size):
        return bytes(self.live[offset : offset + size])

    def close(self):
        pass

    def _store(self, start, data):
        self._stored += bytes(max(0, start - len(self._stored)))
        self._stored[start : start + len(data)] = data


class _Lock:
    def __init__(self, locks, path):
        self._locks, self._path = locks, path

    def release(self):
        self._locks.discard(self._path)


FOLDER = Path("/runs/20260101T000000-people")
