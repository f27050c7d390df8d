"""Which rows come next, for the names that are looked up together."""

from bulkscim.engine.feed import AHEAD, JOINING, Feed, Window
from bulkscim.engine.work import Work
from bulkscim.model.operation import GROUP, USER, Key, Operation, Verb
from bulkscim.model.row import Row


def rows(count, verb):
    kind = GROUP if verb is Verb.ADD_MEMBER else USER
    return [
        Row(number, Operation(verb, kind, Key(kind, "id", f"i{number}"))) for number in range(1, count + 1)
    ]


def under_way(window, row):
    work = window.rows[row.number] = Work(row)
    return work


def numbers(window):
    return [row.number for row in window.coming()]


def test_rows_that_ask_come_first_and_those_that_wait_last():
    first, second, *others = rows(5, Verb.PATCH)
    window = Window(Feed(iter(others)))
    under_way(window, first)
    with window.asking(under_way(window, second)):
        assert numbers(window) == [2, 3, 4, 5, 1, 2]
    assert numbers(window) == [3, 4, 5, 1, 2]


def test_a_row_that_has_read_something_asks_for_no_name():
    first, *others = rows(3, Verb.PATCH)
    window = Window(Feed(iter(others)))
    work = under_way(window, first)
    work.live[first.operation.target] = None
    with window.asking(work):
        assert numbers(window) == [2, 3]


def test_of_memberships_as_many_rows_are_looked_through_as_can_join():
    assert len(numbers(Window(Feed(iter(rows(JOINING * 2, Verb.PATCH)))))) == AHEAD
    assert len(numbers(Window(Feed(iter(rows(JOINING * 2, Verb.ADD_MEMBER)))))) == JOINING
    mixed = rows(AHEAD, Verb.ADD_MEMBER) + rows(JOINING, Verb.PATCH)
    assert len(numbers(Window(Feed(iter(mixed))))) == 2 * AHEAD
