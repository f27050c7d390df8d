"""Keep the secret values of rows out of what answers repeat."""

from collections import deque

from bulkscim.engine.work import Work
from bulkscim.model.request import Reply, Response
from bulkscim.scim.masking import Masking, masking_of

RECENT = 64  # rows with secrets, the ones sent last: as many as can be in flight
_REDIRECT = 300


class Hiding:
    """Masks the secrets of rows in answers; one for all workers.

    A row's own secrets are masked in every answer to it. An error that mixes rows up may repeat a secret of another
    row: there those of the rows sent last are masked too. A resource keeps its values as they are: a password that is
    part of another user's name must not change that name. There a short one of the row itself is masked as a whole text alone.
    """

    def __init__(self) -> None:
        self._recent: deque[Masking] = deque(maxlen=RECENT)

    def sends(self, work: Work) -> None:
        """Note that the secrets of a row are about to leave."""
        masking = masking_of(work.row.operation)
        if masking.hides and masking not in self._recent:
            self._recent.append(masking)

    def reply(self, reply: Reply, work: Work | None) -> Reply:
        """Return an answer to a row, or to none, without secrets."""
        is_resource = _is_resource(reply)
        if work is not None:
            reply = masking_of(work.row.operation, words=not is_resource).reply(reply)
        if is_resource:
            return reply
        for masking in self._recent:
            reply = masking.reply(reply)
        return reply


def _is_resource(reply: Reply) -> bool:
    """Return whether an answer holds resources, as far as that can be told without reading all of it."""
    if not isinstance(reply, Response) or reply.status >= _REDIRECT:
        return False
    return reply.body.lstrip()[:1] == b"{" and b":Error" not in reply.body
