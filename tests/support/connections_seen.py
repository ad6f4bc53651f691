"""Which connections pods make, by the node's own table of connections."""

import re
from dataclasses import dataclass

import node

_WAY = re.compile(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)")


@dataclass(frozen=True, slots=True)
class SeenConnection:
    """One connection, as it is after the address of a Service was translated."""

    protocol: str
    source: str
    port: int
    destination: str


def connections_seen(worker: node.Node) -> list[SeenConnection]:
    """Return the connections that the node knows of: those of now and of the last minutes."""
    return [
        _connection(line)
        for line in worker.run("cat", "/proc/net/nf_conntrack").splitlines()
        if len(_WAY.findall(line)) == 2
    ]


def _connection(line: str) -> SeenConnection:
    (source, *_), (destination, _, port, _) = _WAY.findall(line)
    protocol = line.split()[2].upper()
    return SeenConnection(protocol, source, int(port), destination)
