"""Where a run keeps things outside its folder: the state folder, and private files while it begins."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from platformdirs import user_state_path

from bulkscim.errors import Stopped
from bulkscim.model.base_url import base_url_key
from bulkscim.private_files import create_file


def state_dir() -> Path:
    """Return the folder for what outlives runs: `BULKSCIM_STATE_DIR`, else the user's state folder."""
    named = os.environ.get("BULKSCIM_STATE_DIR")
    return Path(named) if named else user_state_path("bulkscim")


def tenant_file(base_url: str, ending: str, *more: str) -> Path:
    """Return the file of the state folder that is about one tenant, by its ending; `more` tells tenants of one URL apart."""
    name = sha256("\n".join((base_url_key(base_url), *more)).encode()).hexdigest()[:16]
    return state_dir() / f"tenant-{name}.{ending}"


@contextmanager
def drafts() -> Iterator[Path]:
    """Make a private folder for what is not a run yet; it is removed with all that was not moved away."""
    try:
        made = tempfile.TemporaryDirectory(prefix="bulkscim-")
    except OSError as error:
        raise Stopped(f"no temporary file can be made: {error}; free some space and try again") from error
    with made as folder:
        yield Path(folder)


def keep(draft: Path, place: Path) -> None:
    """Copy a draft to where the run keeps it, for the owner alone."""
    with os.fdopen(create_file(place), "wb") as target, draft.open("rb") as source:
        shutil.copyfileobj(source, target)
