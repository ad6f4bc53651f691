"""How large a benchmark is: how many connections, and for how long they are looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers of connections, and windows in seconds."""

    connections: int = 500
    orgs: int = 8
    at_once: int = 1000
    one_by_one: int = 20
    key_changes: int = 5
    # With a renewal every 7.2 to 12 s these ask for 100 a second.
    renewing: int = 940
    verifying: int = 500
    in_outage: int = 200
    renewal_window: float = 30.0
    verification_window: float = 20.0
    idle_window: float = 60.0
    outage_window: float = 60.0

    @property
    def users_per_org(self) -> int:
        """How many integration users each org has: as many as the largest number of takers."""
        takers = self.connections + self.at_once + self.one_by_one
        return max(-(-takers // self.orgs), self.in_outage)


def quick(connections: int, orgs: int) -> Scale:
    """Return a scale that measures every row in half a minute: for trying it out."""
    return Scale(
        connections=connections,
        orgs=orgs,
        at_once=10,
        one_by_one=3,
        key_changes=1,
        renewing=20,
        verifying=10,
        in_outage=6,
        renewal_window=5.0,
        verification_window=6.0,
        idle_window=2.0,
        outage_window=5.0,
    )
