"""The official clients, unchanged, against the local services over real sockets."""
