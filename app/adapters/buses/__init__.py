"""The buses: within one process, over Unix sockets of one machine, over PostgreSQL and over Redis."""
