"""One resource: its links, its reads and its writes, from both systems, one at a time."""
