"""Which texts a field of a profile may hold: metadata of the field, heeded where a file is read."""

from bulkscim.model.operation import GROUP, USER

ONE_OF, KEYS = "one of", "keys"  # of the field's own text or texts; of the keys of its table
KINDS = {ONE_OF: (USER, GROUP)}
KIND_OR_ALL = {ONE_OF: (USER, GROUP, "")}
BY_KIND = {KEYS: (USER, GROUP)}
METHODS = {ONE_OF: ("GET", "POST", "PUT", "PATCH", "DELETE")}
