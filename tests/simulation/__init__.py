"""A whole tenant in one process, one thread and one virtual time: random histories, from a seed."""
