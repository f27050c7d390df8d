"""A watcher that keeps quiet."""


class Silent:
    """The Watcher protocol, without a word; `notes` holds what would have been said."""

    def __init__(self):
        self.notes = []

    def opened(self, totals):
        """Say nothing."""

    def settled(self, row, state):
        """Say nothing."""

    def sent(self, counters):
        """Say nothing."""

    def moved(self, progress):
        """Say nothing."""

    def note(self, text):
        """Keep it."""
        self.notes.append(text)
