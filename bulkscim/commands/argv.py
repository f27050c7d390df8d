"""What a command line may not hold: secrets, which every account of the machine can read, and undecodable names.

Names of files go into journals, job files and JSON, all of which are UTF-8. A name that is not is refused before
anything is opened.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bulkscim.errors import UsageError

# Names such as --token, --bearer-token, --api-key, --password; --token-file and --token-command are ways around.
_NAME = re.compile(
    r"--(?!token-(?:file|command)\b)[\w-]*(?:token|bearer|secret|passw|api-?key|authorization)[\w-]*(?=\Z|=)",
    re.IGNORECASE,
)
# A JSON Web Token, the tokens of Slack, GitHub and Okta, a header's value.
_VALUE = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{4,}|\bxox[a-z]-[\w-]{8,}|\bgh[a-z]_\w{20,}|\bSSWS\s+\S{8,}|\bbearer\s+\S{16,}",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"\w+://[^/\s@]*:[^/\s@]+@")
_INSTEAD = "set BULKSCIM_TOKEN, or use --token-file FILE or --token-command COMMAND"


def refuse_secrets(arguments: Sequence[str]) -> None:
    """Raise UsageError where an argument is, or announces, a secret; its text never shows the value."""
    for argument in arguments:
        if name := _NAME.match(argument):
            message = f"{name.group()}: a secret on the command line can be read by others; {_INSTEAD}"
            raise UsageError(message)
        if _VALUE.search(argument):
            message = (
                f"an argument looks like a token; on the command line it can be read by others; {_INSTEAD}"
            )
            raise UsageError(message)
        if _PASSWORD_IN_URL.search(argument):
            message = (
                "a URL on the command line holds a password, which others can read there;"
                " for a proxy set BULKSCIM_PROXY, for the tenant give the URL without it"
            )
            raise UsageError(message)


def refuse_undecodable(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raise UsageError where a name is not UTF-8: of an argument, a variable of ours, or the current folder."""
    for what, name in _names(arguments, environment):
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = name.encode("utf-8", "backslashreplace").decode().replace("\\udc", "\\x")
            message = f'{what} "{shown}" is not UTF-8; rename the file or folder'
            raise UsageError(message) from None


def _names(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from (("the argument", argument) for argument in arguments)
    for name, value in environment.items():
        if name.startswith("BULKSCIM_") or name == "TMPDIR":
            yield f"the variable {name} with", value
    try:
        yield "the current folder", str(Path.cwd())
    except FileNotFoundError:
        message = "the current folder does not exist any more; change to one that does"
        raise UsageError(message) from None
