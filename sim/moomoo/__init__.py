"""A pretend OpenD on real sockets, to be run in a process of its own."""
