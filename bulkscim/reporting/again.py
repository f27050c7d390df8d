"""Commands that run a recorded run's job, or its errors file, as a new run: by the header of the recorded one."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bulkscim.model import bounded_toml
from bulkscim.model.operation import USER, JsonObject
from bulkscim.model.typed import command

_GENERIC = "generic"


def run_command(header: JsonObject) -> str:
    """Return the command line for a new run of a job, as the header of an earlier one describes it.

    Guards and approval are not repeated: what a job file holds now may need others.
    """
    limit = (header.get("settings") or {}).get("limit")
    limited = ("--limit", limit) if limit else ()
    return command("run", *_job(header), *_flags(header), *limited, *tenant_words(header))


def run_words(header: JsonObject, file: Path) -> Iterator[object]:
    """Yield the words that bring another file to the run's tenant, read and treated as the run's own was."""
    yield from ("run", shown(file))
    for path in (header.get("definitions") or ())[-1:]:
        yield from ("--map", shown(Path(path)))
    yield from _flags(header)
    yield from tenant_words(header)


def _job(header: JsonObject) -> Iterator[object]:
    """Yield the job definition where the run had one that names the job file, else job file and map."""
    job = Path(header["job"]["path"])
    definitions = [Path(path) for path in header.get("definitions") or ()]
    definition = next((path for path in definitions if _names(path, job)), None)
    yield shown(definition or job)
    if header["job"].get("header_line"):
        yield from ("--header-line", header["job"]["header_line"])
    for path in definitions[-1:]:
        if path != definition:
            yield from ("--map", shown(path))


def _names(definition: Path, job: Path) -> bool:
    """Return whether a TOML file names this job file."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        named = str(bounded_toml.loads(definition.read_text(encoding="utf-8-sig"))["job"]["file"])
        return (definition.parent / named).resolve() == job
    return False


def _flags(header: JsonObject) -> Iterator[object]:
    defaults, settings = header.get("defaults") or {}, header.get("settings") or {}
    if defaults.get("op"):
        yield from ("--op", defaults["op"])
    if defaults.get("type") not in {None, USER}:
        yield from ("--type", defaults["type"])
    if defaults.get("match"):
        yield from ("--match", defaults["match"])
    if settings.get("on_exists") not in {None, "adopt"}:
        yield from ("--on-exists", settings["on_exists"])
    if settings.get("create_groups"):
        yield "--create-groups"


def tenant_words(header: JsonObject) -> Iterator[object]:
    """Yield the flags that name the run's tenant, and the way to one that has no name."""
    tenant, settings = header.get("tenant") or {}, header.get("settings") or {}
    name, profile = tenant.get("name"), tenant.get("profile") or _GENERIC
    yield from ("--tenant", name) if name else ("--base-url", tenant.get("base_url"))
    if profile != _GENERIC:
        yield from ("--profile", profile)
    if not name and settings.get("proxy"):
        yield from ("--proxy", settings["proxy"])
    if not name and settings.get("ca_bundle"):
        yield from ("--ca-bundle", shown(Path(settings["ca_bundle"])))


def shown(path: Path) -> Path:
    """Return a path as seen from the current folder, where it is below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
