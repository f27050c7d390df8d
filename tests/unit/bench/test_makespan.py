"""Mixed jobs at providers with several limits take hardly longer than the limit that holds them back."""

from functools import partial
from urllib.parse import urlsplit

import pytest
from request_jobs import MANY
from virtual import read_log

from bulkscim.runs import api
from tests.support.making.records import create, deactivate, delete, group, retitle
from tests.unit.bench.test_providers import Served

TEAMS, JOINERS, LEAVERS, CHANGED, GONE = 4, 120, 72, 72, 24
REST_S = 600.0  # after what was made before


def there():
    """Return the groups and users that a job finds."""
    olds = [create(f"old{number}", active=True) for number in range(LEAVERS + CHANGED + GONE)]
    return [*(group(f"Team {number}") for number in range(TEAMS)), *olds]


def job(order):
    """Return creates, of which half join groups, deactivations and changes in some order; and deletes.

    Creates that come after deletes wait for these, whose names may become free; so deletes are the last.
    """
    teams = [[{"displayName": f"Team {number % TEAMS}"}] if number % 2 else [] for number in range(JOINERS)]
    rows = [create(f"new{number}", active=True, groups=groups) for number, groups in enumerate(teams)]
    rows += [deactivate(f"old{number}") for number in range(LEAVERS)]
    rows += [retitle(f"old{number}") for number in range(LEAVERS, LEAVERS + CHANGED)]
    if order == "mixed":
        rows = [one for first in range(7) for one in rows[first::7]]
    gone = [delete(f"old{number}") for number in range(LEAVERS + CHANGED, LEAVERS + CHANGED + GONE)]
    return (rows[::-1] if order == "reversed" else rows) + gone


def bound_s(bucket, requests):
    """Return the least time that requests take under a limit: by its windows where a burst may go, else one by one."""
    size = bucket.body_over  # what is smaller does not count, and the log has no sizes
    count = 0 if size else sum(bucket.matches(method, path) for method, path in requests)
    if bucket.burst > 1:
        return max(0, count - 1) // bucket.limit * bucket.window_s
    return count * bucket.window_s / bucket.limit


@pytest.mark.slow
@pytest.mark.parametrize("order", ["by kind", "reversed", "mixed"])
@pytest.mark.parametrize("name", ["slack", "miro", "aws-identity-center"])
def test_a_mixed_job_is_as_fast_as_its_slowest_limit(tmp_path, name, order):
    """Rows of one limit had all workers, and what came later in the file waited: 2.7 times as long at Miro."""
    served = Served(tmp_path, name)
    served.run(*there())
    served.clock.advance(REST_S)
    began = served.clock.monotonic()
    command = partial(api.run, job(order), served.tenant, **MANY, runs_dir=tmp_path / "runs")
    assert served.carry_out(command).others == 0

    took_s = served.clock.monotonic() - began
    paths = [(line["method"], urlsplit(line["path"])) for line in read_log(tmp_path / "requests.jsonl")]
    requests = [(method, f"{path.path}?{path.query}" if path.query else path.path) for method, path in paths]
    bounds = {bucket.name: bound_s(bucket, requests) for bucket in served.profile.buckets}
    served.close()
    assert took_s <= 1.1 * max(bounds.values())
