"""Values that are always answered with a 5xx."""

from bulkscim.engine.abilities import FAULTY_ANSWERS, MOST_IN_A_ROW, FaultyValues
from bulkscim.model.operation import USER
from bulkscim.model.step import Action, Change, Step


def step(number, **values):
    """Return a change of a user."""
    changes = tuple(Change(path, None, value) for path, value in values.items())
    return Step("patch", Action.MODIFY, USER, id=f"u{number}", changes=changes)


def created(**body):
    """Return a create."""
    return Step("create", Action.CREATE, USER, body=body)


def test_what_a_row_failed_by_is_known_in_other_rows():
    """Each of these rows was sent five times, and counted five times."""
    values = FaultyValues()
    values.worked(step(1, active=True))
    assert not values.explains(2, step(2, active=True, title="Boom"))
    values.used_up(2, step(2, active=True, title="Boom"))
    assert values.explains(3, step(3, title="Boom"))
    assert values.explains(4, created(userName="ada", title="Boom"))
    assert not values.explains(5, step(5, active=True))
    assert not values.explains(6, step(6, title="Other"))


def test_nothing_is_suspected_before_the_tenant_has_taken_a_change():
    """A tenant that takes nothing is out of order, whatever is sent."""
    values = FaultyValues()
    values.used_up(1, step(1, title="Boom"))
    assert not any(values.explains(number, step(number, title="Boom")) for number in range(100))


def test_what_rows_in_a_row_have_in_common_is_suspected():
    """With eight workers the breaker was open before one row had used up its attempts."""
    values = FaultyValues()
    values.worked(step(0, active=True))
    told = [values.explains(number % 4, step(number % 4, active=True, title="Boom")) for number in range(20)]
    assert told == [False] * (FAULTY_ANSWERS - 1) + [True] * (20 - FAULTY_ANSWERS + 1)


def test_an_outage_of_writes_is_no_matter_of_values():
    """Rows that differ, and values that have worked, stay faults of the tenant."""
    values = FaultyValues()
    values.worked(step(0, active=False))
    assert not any(values.explains(number, step(number, active=False)) for number in range(50))
    assert not any(values.explains(number, step(number, title=f"T{number}")) for number in range(50))


def test_after_many_rows_of_one_value_without_a_success_the_breaker_counts_again():
    """The tenant may have stopped taking anything."""
    values = FaultyValues()
    values.worked(step(0, active=True))
    values.used_up(1, step(1, title="Boom"))
    told = [values.explains(number, step(number, title="Boom")) for number in range(2, MOST_IN_A_ROW + 10)]
    assert told == [True] * MOST_IN_A_ROW + [False] * (len(told) - MOST_IN_A_ROW)


def test_one_row_that_failed_condemns_no_value():
    """A row of the same title failed at its first 500: the row before it had a name that was always refused."""
    values = FaultyValues()
    values.worked(step(0, active=True))
    values.used_up(1, created(userName="taken", title="New"))
    for number in range(2, 20):
        assert values.explains(number, created(userName=f"n{number}", title="New"))
    assert not values.holds(created(userName="free", title="New"))


def test_a_value_that_takes_effect_is_no_longer_suspected():
    """It was another value of that step, or it has passed."""
    values = FaultyValues()
    values.worked(step(0, active=True))
    for row in (1, 1, 2):
        assert not values.holds(step(3, title="Boom"))
        values.used_up(row, step(row, title="Boom", nickName="B"))
    assert values.holds(step(3, nickName="B"))
    values.worked(step(2, nickName="B"))
    assert not values.holds(step(3, nickName="B"))
    assert values.holds(step(3, title="Boom"))
