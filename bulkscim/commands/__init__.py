"""One file a verb: parse, call runs, print."""
