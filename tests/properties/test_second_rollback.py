"""What a first rollback could not do, the second does."""

from random import Random

import pytest

from bulkscim.model.request import Response
from tests.support.making.few import few
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.undoing import Story, job

pytestmark = pytest.mark.anyio
SECOND = FOLDER / "rollback-2"


def refusing(story, share):
    """Let the tenant refuse a share of all writes; return what lets it be as before."""
    random, own = Random(share), story.tenant._apply

    def apply(request):
        refused = request.method != "GET" and random.random() < share
        return Response(400, {}, b'{"detail": "not today"}') if refused else own(request)

    story.tenant._apply = apply
    return lambda: setattr(story.tenant, "_apply", own)


@pytest.mark.parametrize("seed", few([900, 901, 902, 903, 905, 906, 909, 914, 920], 4))
async def test_two_rollbacks_are_as_good_as_one(tmp_path, seed):
    """Whatever rows of the first were refused: nothing is done twice, nothing is left."""
    story = Story(tmp_path, seed)
    before = story.state()
    await story.run(job(story, seed, 40))
    accept_again = refusing(story, 0.25)
    first = await story.back()
    accept_again()

    second = await story.back()

    assert first.totals.failed > 0
    assert second.totals.failed == 0, story.ended(SECOND)
    assert story.state() == before, story.ended(SECOND)
