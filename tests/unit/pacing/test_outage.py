"""When a tenant that does not answer is asked again."""

from bulkscim.pacing.outage import next_wait


def test_waits_grow_up_to_a_minute_and_end_with_the_time_that_is_given():
    """The last one is as long as what is left."""
    waited, waits = 0.0, []
    while wait := next_wait(len(waits), waited, 300.0):
        waits.append(wait)
        waited += wait

    assert waits == [5, 10, 20, 40, 60, 60, 60, 45]
    assert next_wait(10_000, 0.0, 900.0) == 60
    assert next_wait(0, 0.0, 0.0) is None
