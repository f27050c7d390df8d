"""The scripts set themselves up, with the Python that is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for Python are shell scripts")
ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "chmod", "cmp", "cp", "dirname", "env", "mkdir", "rm")
SAYS = """The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.

    apt install python3.11-venv
"""
# Without `venv`, Debian's Python makes half an environment. With `virtualenv` it makes a whole one: a Python that
# writes down what it is asked to do.
PYTHON = """#!{bash}
case "$1 $2" in
"-c "*) exec {python} "$@" ;;
"-m venv")
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    [ -n "{venv}" ] || {{ cat {says}; exit 1; }}
    ;;
"-m virtualenv") [ -n "{virtualenv}" ] && mkdir -p "$4/bin" ;;
*) echo "$2: No module named ${{2}}" >&2; exit 1 ;;
esac
[ $? = 0 ] || exit 1
for folder in "$3" "$4"; do
    [ -d "$folder/bin" ] || continue
    printf '#!{bash}\\necho "$@" >> {log}\\n' > "$folder/bin/python"
    chmod +x "$folder/bin/python"
done
"""


class Checkout:
    """A checkout with scripts and nothing else, on a machine with the Pythons that a test puts there."""

    def __init__(self, folder):
        self.folder, self.tools, self.log = folder / "checkout", folder / "tools", folder / "log"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        shutil.copytree(ROOT / "scripts", self.folder / "scripts")
        shutil.copy(ROOT / "pyproject.toml", self.folder)
        (folder / "says").write_text(SAYS)

    def add_python(self, name, *, venv=False, virtualenv=False):
        """Put a Python on the path."""
        text = PYTHON.format(
            bash=shutil.which("bash"),
            python=sys.executable,
            venv="yes" if venv else "",
            virtualenv="yes" if virtualenv else "",
            says=self.folder.parent / "says",
            log=self.log,
        )
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)

    def __call__(self, script):
        """Run a script; return its exit code and stderr."""
        process = subprocess.run(
            [self.tools / "bash", self.folder / "scripts" / script],
            env={"PATH": str(self.tools), "HOME": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        return process.returncode, process.stderr

    def asked(self):
        """Return what the environment's Python was asked to do, and forget it."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if line != "-m pip --version"]


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout on a machine without Python."""
    return Checkout(tmp_path)


@pytest.mark.parametrize("script", ["demo", "test", "install"])
def test_debian_without_venv_is_told_the_one_command(checkout, script):
    """They ended with Debian's text, and the next time with "No module named pip" for the half environment left behind."""
    checkout.add_python("python3")

    for _ in range(2):
        code, said = checkout(script)
        assert (code, said.splitlines()[-1]) == (1, "  sudo apt-get install python3-venv")
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("script", ["demo", "test", "install"])
def test_virtualenv_stands_in_for_venv(checkout, script):
    """Some machines have the one, some the other."""
    checkout.add_python("python3", virtualenv=True)
    checkout(script)

    assert "--editable ." in "\n".join(checkout.asked())


def test_a_python_that_can_is_found_behind_one_that_cannot(checkout):
    """Machines have several."""
    checkout.add_python("python3.11")
    checkout.add_python("python3", venv=True)

    assert checkout("install")[0] == 0
    assert checkout.asked()


def test_without_a_python_that_is_new_enough_the_version_is_named(checkout):
    """No half environment is left."""
    code, said = checkout("demo")
    assert (code, said.splitlines()[-1]) == (
        1,
        "bulkscim needs Python 3.11 or later; none was found (set PYTHON to name one)",
    )


def test_the_demo_installs_no_more_than_bulkscim_needs(checkout):
    """It installed mypy, hypothesis and all the rest first. What is installed is not installed twice."""
    checkout.add_python("python3", venv=True)
    install = "-m pip install --quiet --disable-pip-version-check"

    assert checkout("demo") == (
        0,
        "setting up .venv with what bulkscim needs (once, less than a minute) ...\n",
    )
    assert checkout.asked() == [f"{install} --editable .", "scripts/demo_tour.py"]
    assert checkout("demo") == (0, "")
    assert checkout.asked() == ["scripts/demo_tour.py"]
    checkout("test")
    assert f"{install} --editable . --group dev" in checkout.asked()
    with (checkout.folder / "pyproject.toml").open("a") as file:
        file.write("\n")
    assert checkout("demo")[1] != ""
