"""A whole tenant in one process, one thread and one virtual time: random histories that replay from a seed."""
