"""Starts commands quickly: a process that has imported the command line forks for each of them.

Importing takes most of the time of a short command. What a command does and what it is given is the same as where it
is started on its own: arguments, environment, folder, standard streams, and a process of its own. Rules:

1. The process has no other threads and has opened nothing, so that a fork begins as a new process does.
2. Each command has its own supervisor, which reports the process id first and the exit code last.
"""

import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).parents[3]
PRELOADED = (
    "bulkscim.cli",
    "bulkscim.runs.api",
    "bulkscim.runs.rollback",
    "bulkscim.transport.aiohttp_transport",
    "anyio._backends._asyncio",
    "uvloop",
    "encodings.idna",
)
STREAMS = 3
REQUESTS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Zygote:
    """One process that waits to become a command; started at the first command."""

    def __init__(self):
        self._folder = None
        self._process = None
        self._lock = Lock()  # some tests run commands from several threads

    def run(self, arguments, environment, folder, stdin, timeout):
        """Run a command to its end as `subprocess.run` does; TimeoutExpired after so many seconds."""
        process = self.start(arguments, environment, folder, stdin)
        try:
            stdout, stderr = process.communicate(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def start(self, arguments, environment, folder, stdin=""):
        """Start a command without waiting for its end."""
        ends = [os.pipe() for _ in range(STREAMS)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = ends
        link = self._connected()
        ignored = [number for number in REQUESTS_TO_END if signal.getsignal(number) is signal.SIG_IGN]
        asked = json.dumps(
            {"arguments": arguments, "environment": environment, "folder": str(folder), "ignored": ignored}
        )
        theirs = [theirs_in, theirs_out, theirs_err]
        socket.send_fds(link, [len(asked.encode()).to_bytes(8)], theirs)
        link.sendall(asked.encode())
        for one in theirs:
            os.close(one)
        _aside(_write, os.fdopen(ours_in, "w", encoding="utf-8"), stdin)
        return Started(arguments, link, *(os.fdopen(one, encoding="utf-8") for one in (ours_out, ours_err)))

    def _connected(self):
        with self._lock:
            if self._folder is None:
                self._folder = self._started()
        link = socket.socket(socket.AF_UNIX)
        link.connect(f"{self._folder}/zygote")
        return link

    def _started(self):
        """Start the process; return its folder once it listens."""
        folder = tempfile.mkdtemp(prefix="zygote-")
        command = [sys.executable, "-X", "utf8", "-m", "tests.support.running.zygote", folder]
        # Pipes, as each command gets them: its stream objects are those of this process.
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command, cwd=ROOT, **pipes)
        process.stdout.readline()
        self._process = process  # its stdin closes with this process, which ends it
        return folder


class Started:
    """A command that was started, with what is used here of `subprocess.Popen`."""

    def __init__(self, arguments, link, stdout, stderr):
        self.stdout, self.stderr, self.returncode = stdout, stderr, None
        self._arguments, self._link, self._shown = arguments, link, None
        self.pid = int(_line(link))

    def poll(self):
        """Return how it ended, None while it runs."""
        return self._ended(0)

    def wait(self, timeout=None):
        """Wait for its end; TimeoutExpired after so many seconds."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout)
        return self.returncode

    def communicate(self, timeout=None):
        """Wait for its end; return what it has shown."""
        self._shown = self._shown or [_aside(_read, one) for one in (self.stdout, self.stderr)]
        self.wait(timeout)
        return tuple(one.result() for one in self._shown)

    def kill(self):
        """Let it die at once."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number):
        """Send a signal to it, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, within_s):
        if self.returncode is None and select.select([self._link], [], [], within_s)[0]:
            self.returncode = int(_line(self._link))
            self._link.close()
        return self.returncode


def _aside(work, *given):
    """Do something in a thread of its own; return its future."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work, *given)
    finally:
        pool.shutdown(wait=False)


def _read(file):
    with file:
        return file.read()


def _write(file, text):
    try:
        with file:
            file.write(text)
    except BrokenPipeError:
        pass  # the command has not read it


def _line(link):
    text = b""
    while not text.endswith(b"\n"):
        piece = link.recv(1)
        if not piece:
            raise ConnectionError("the command's supervisor has ended")
        text += piece
    return text


def _exactly(link, count):
    data = b""
    while len(data) < count:
        data += link.recv(count - len(data))
    return data


def serve(folder):
    """Fork for each command that is asked for, until stdin is closed."""
    for name in PRELOADED:
        import_module(name)
    list(import_module("bulkscim.cli").bulkscim.commands.values())
    gc.freeze()  # what is imported stays as it is, so that the pages of a fork stay shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/zygote")
        listening.listen()
        os.write(1, b"listening\n")
        while listening in select.select([listening, 0], [], [])[0]:
            link, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                _supervise(link)
            link.close()
    shutil.rmtree(folder)


def _supervise(link):
    """Fork the command, and report its process id and how it ended."""
    head, streams, _, _ = socket.recv_fds(link, 8, STREAMS)
    asked = json.loads(_exactly(link, int.from_bytes(head)))
    process = os.fork()
    if process == 0:
        link.close()
        _become(asked, streams)
    for one in streams:
        os.close(one)
    link.sendall(b"%d\n" % process)
    _, status = os.waitpid(process, 0)
    link.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(asked, streams):
    """Become the command line, as `python -m bulkscim` does; signals are ignored that the test's process ignores."""
    for number in REQUESTS_TO_END:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in asked["ignored"] else usual)
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = [str(ROOT / "bulkscim" / "__main__.py"), *asked["arguments"]]
    from bulkscim.cli import main

    main()  # ends the process


if __name__ == "__main__":
    serve(sys.argv[1])
