"""Sockets: TLS with virtual hosts, the CONNECT proxy and the admin API."""
