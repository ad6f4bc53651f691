"""All connections in memory, and which Secrets concern which of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from token_operator.domain.connection import ConnectionKey
from token_operator.domain.targets.secret import SecretMeta
from token_operator.reconcile.record import Record

SecretKey = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class Records:
    """The records by key, and the metadata of all labelled Secrets."""

    by_key: dict[ConnectionKey, Record] = field(default_factory=dict)
    watched: dict[SecretKey, SecretMeta] = field(default_factory=dict)
    # Connections that are gone and still have entries in Secrets of others.
    departed: dict[ConnectionKey, Record] = field(default_factory=dict)
    _by_source: defaultdict[SecretKey, set[ConnectionKey]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _by_target: defaultdict[SecretKey, set[ConnectionKey]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def get(self, key: ConnectionKey) -> Record | None:
        """Return the record of a connection; None where it is gone."""
        return self.by_key.get(key)

    def put(self, record: Record) -> None:
        """Remember *record*, in place of an earlier one of the same key."""
        self.drop(record.key)
        self.by_key[record.key] = record
        for index, names in self._concerns(record):
            for name in names:
                index[record.key.namespace, name].add(record.key)

    def drop(self, key: ConnectionKey) -> Record | None:
        """Forget a connection and return what was known of it."""
        record = self.by_key.pop(key, None)
        if record is None:
            return None
        for index, names in self._concerns(record):
            for name in names:
                concerned = index[key.namespace, name]
                concerned.discard(key)
                if not concerned:
                    del index[key.namespace, name]
        return record

    def _concerns(
        self, record: Record
    ) -> tuple[tuple[defaultdict[SecretKey, set[ConnectionKey]], set[str]], ...]:
        connection = record.connection
        sources = set(connection.auth.source_names())
        targets = {target.secret_name for target in connection.targets}
        return (self._by_source, sources), (self._by_target, targets)

    def reading(self, secret: SecretKey) -> frozenset[ConnectionKey]:
        """Return who has *secret* as a source."""
        return frozenset(self._by_source.get(secret, ()))

    def writing(self, secret: SecretKey) -> frozenset[ConnectionKey]:
        """Return who has *secret* as a target."""
        return frozenset(self._by_target.get(secret, ()))

    def is_shared(self, key: ConnectionKey, fingerprint: str) -> bool:
        """Whether another connection holds or shows the token with this fingerprint."""
        return any(
            fingerprint in fingerprints_of(record)
            for other, record in self.by_key.items()
            if other != key
        )

    def uids(self) -> dict[ConnectionKey, str]:
        """Return the UIDs of all connections."""
        return {key: record.connection.uid for key, record in self.by_key.items()}

    def __iter__(self) -> Iterator[Record]:
        """Iterate over the records."""
        return iter(list(self.by_key.values()))


def fingerprints_of(record: Record) -> frozenset[str]:
    """Return the fingerprints that a connection holds or that its status shows."""
    held, status = record.state.held, record.status.token
    shown = {held.token.fingerprint} if held is not None else set()
    return frozenset(shown | ({status.fingerprint} if status is not None else set()))
