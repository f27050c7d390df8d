"""Which creates may stay in doubt where a tenant changes names: those that no lookup by a name in the file may find."""

from bulkscim.engine import recording
from bulkscim.journal.bodies import Applied, Started
from bulkscim.model.operation import Key
from bulkscim.model.step import Action
from bulkscim.scim.paths import find
from tests.support.simulation.changed_names import stored


class NamesTold:
    """What a journal tells of a tenant that makes these changes to names.

    `doubted` has the (collection, name) of what creates without a known end may have made, `kept` their rows where the
    tenant changes this name, or was seen to change others.
    """

    def __init__(self, recorded, changes):
        self._renames, self._changed = changes, set()
        for entry, how in recorded.each(Applied, holding=b'"after":'):
            self._look(recording.step_of(recorded.beginning_of(entry), entry.part), how.after or {})
        opened = {row: self._open_step(recorded, row) for row in recorded.ledger.open_rows()}
        creates = {row: step for row, step in opened.items() if step.action is Action.CREATE}
        self.kept = {row for row, step in creates.items() if self._may_be_changed(step)}
        self.doubted = {(f"{key.type}s", key.value) for step in creates.values() for key in step.identity}

    def _open_step(self, recorded, row):
        begun = [one for one in recorded.history(row) if isinstance(one.body, Started)]
        return recording.step_of(begun[-1].body, begun[-1].part)

    def _look(self, step, after):
        self._changed |= {
            (key.type, key.attribute)
            for key in step.identity
            if not _is_same(key, find(after, key.attribute) or key.value)
        }

    def _may_be_changed(self, step):
        """Tell whether all names of a step's resource may be others in the tenant."""
        return all(
            (key.type, key.attribute) in self._changed
            or (
                key.attribute != "externalId"
                and not _is_same(key, stored(self._renames, f"{key.type}s", key.value))
            )
            for key in step.identity
        )


def _is_same(key, name):
    return Key(key.type, key.attribute, name).folded == key.folded
