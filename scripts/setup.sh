# Sourced by the other scripts: enters the checkout and makes .venv there, complete and up to date.
# Needs a Python 3.11 or later and nothing else. Done again only when pyproject.toml has changed.
# `install_for=use` before it installs what bulkscim itself needs; without that, the development group as well.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints every Python that is new enough, one a line.
pythons() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
        fi
    done
}

# Makes a virtual environment in a folder: by venv, or by virtualenv where Python comes without venv.
make_environment() {
    local python first='' message=''
    while IFS= read -r python; do
        first=${first:-$python}
        message=$("$python" -m venv "$1" 2>&1) && return
        rm -rf "$1" # Debian leaves one without pip
        "$python" -m virtualenv --quiet "$1" >/dev/null 2>&1 && return
        rm -rf "$1"
    done < <(pythons)
    if [ -z "$first" ]; then
        echo "bulkscim needs Python 3.11 or later; none was found (set PYTHON to name one)" >&2
    elif [[ $message == *ensurepip* || $message == *"No module named venv"* ]]; then
        echo "$first cannot make a virtual environment: its package venv is missing. Install it, and run this again:" >&2
        echo "  sudo apt-get install $(venv_package "$first")" >&2
    else
        printf '%s cannot make a virtual environment in %s:\n%s\n' "$first" "$PWD/$1" "$message" >&2
    fi
    return 1
}

# Names the Debian package that holds venv for a Python: python3-venv is that of Debian's own python3.
venv_package() {
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$version" = "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" ]; then
        echo python3-venv
    else
        echo "python$version-venv"
    fi
}

install() {
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$@" && return
    echo "pip could not install what bulkscim needs; it downloads from a package index: is there a network, or a proxy?" >&2
    return 1
}

bin=.venv/bin
[ "${OS:-}" = Windows_NT ] && bin=.venv/Scripts

installed=.venv/installed-for.toml
used=.venv/installed-for-use.toml
if [ "${install_for:-}" = use ] && ! cmp -s pyproject.toml "$installed" && ! cmp -s pyproject.toml "$used"; then
    echo "setting up .venv with what bulkscim needs (once, less than a minute) ..." >&2
    "$bin/python" -m pip --version >/dev/null 2>&1 || make_environment .venv
    install --editable .
    cp pyproject.toml "$used"
elif [ "${install_for:-}" != use ] && ! cmp -s pyproject.toml "$installed"; then
    echo "setting up .venv for development (once, about a minute) ..." >&2
    "$bin/python" -m pip --version >/dev/null 2>&1 || make_environment .venv
    install --upgrade 'pip>=25.1'
    install --editable . --group dev
    cp pyproject.toml "$installed"
fi
