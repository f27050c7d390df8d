# Sourced by the other scripts: makes .venv in this checkout, complete and up to date, and enters the checkout.
# Needs a Python 3.11 or later and nothing else. Done again only when pyproject.toml has changed.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "bulkscim needs Python 3.11 or later; none was found (set PYTHON to name one)" >&2
    return 1
}

bin=.venv/bin
[ "${OS:-}" = Windows_NT ] && bin=.venv/Scripts

if ! cmp -s pyproject.toml .venv/installed-for.toml; then
    echo "setting up .venv (once) ..." >&2
    python=$(find_python)
    [ -x "$bin/python" ] || "$python" -m venv .venv
    "$bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
    "$bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group dev
    cp pyproject.toml .venv/installed-for.toml
fi
