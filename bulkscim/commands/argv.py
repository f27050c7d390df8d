"""No secret on the command line: every account of the machine could read it there, and shells keep it."""

import re
from collections.abc import Sequence

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
