"""The command that runs a recorded run's job once more from the start, as a new run."""

import shlex
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bulkscim.model.operation import USER, JsonObject


def run_command(header: JsonObject) -> str:
    """Return the command line for a new run of a job, as the header of an earlier one describes it.

    Guards and approval are not repeated: what a job file holds now may need others.
    """
    return shlex.join(["bulkscim", "run", *_job(header), *_flags(header), *_tenant(header)])


def _job(header: JsonObject) -> Iterator[str]:
    """Yield the job definition where the run had one that names the job file, else job file and map."""
    job = Path(header["job"]["path"])
    definitions = [Path(path) for path in header.get("definitions") or ()]
    definition = next((path for path in definitions if _names(path, job)), None)
    yield _shown(definition or job)
    for path in definitions[-1:]:
        if path != definition:
            yield from ("--map", _shown(path))


def _names(definition: Path, job: Path) -> bool:
    """Tell whether a TOML file names this job file."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        named = str(tomllib.loads(definition.read_text(encoding="utf-8-sig"))["job"]["file"])
        return (definition.parent / named).resolve() == job
    return False


def _flags(header: JsonObject) -> Iterator[str]:
    defaults, settings = header.get("defaults") or {}, header.get("settings") or {}
    if defaults.get("op"):
        yield from ("--op", str(defaults["op"]))
    if defaults.get("type") not in {None, USER}:
        yield from ("--type", str(defaults["type"]))
    if defaults.get("match"):
        yield from ("--match", str(defaults["match"]))
    if settings.get("on_exists") not in {None, "adopt"}:
        yield from ("--on-exists", str(settings["on_exists"]))
    if settings.get("create_groups"):
        yield "--create-groups"
    if settings.get("limit"):
        yield from ("--limit", str(settings["limit"]))


def _tenant(header: JsonObject) -> Iterator[str]:
    tenant = header["tenant"]
    yield from ("--tenant", tenant["name"]) if tenant.get("name") else ("--base-url", tenant["base_url"])
    if tenant["profile"] != "generic":
        yield from ("--profile", tenant["profile"])


def _shown(path: Path) -> str:
    """Return a path as seen from the current folder, where it is below that."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
