"""What a target should hold, and whether it does."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from token_operator.domain import life
from token_operator.domain.connection import (
    Connection,
    ConnectionKey,
    CreationPolicy,
    DeletionPolicy,
    Target,
)
from token_operator.domain.failures import SpecInvalidError
from token_operator.domain.instants import rfc3339
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.domain.life import HeldToken
from token_operator.domain.observation import Observation
from token_operator.domain.targets.content import entries_for, values_of
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.labels import (
    CONNECTION_LABEL,
    EXPIRES_AT,
    FINGERPRINT,
    IDENTITY,
    ISSUED_AT,
    MANAGED_BY,
    MANAGER,
    WATCH_LABEL,
)
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.secret import DesiredSecret, Secret
from token_operator.domain.targets.token_policy import entries_must_go, token_may_be_written

# The API server takes Secrets up to 1 MiB.
MAX_CONTENT: Final = 1_000_000


def plan_for(target: Target, known: KnownTarget, seen: Observation) -> Plan | None:
    """Return what *target* should hold; None where it stays as it is.

    Raise a FailureError where presets or data contradict each other.
    """
    held = seen.held
    if held is None:
        return None
    if entries_must_go(seen):
        return _plan(target, known, seen, held=held, entries={})
    if not token_may_be_written(seen):
        return None
    values = values_of(held, seen.connection, seen.state.api_version, timeline=seen.timeline)
    return _plan(target, known, seen, held=held, entries=entries_for(target, values))


def _plan(
    target: Target,
    known: KnownTarget,
    seen: Observation,
    *,
    held: HeldToken,
    entries: dict[str, str],
) -> Plan:
    connection = seen.connection
    is_merged = target.creation_policy is CreationPolicy.MERGE
    labels = {} if is_merged else _labels(target, connection)
    notes = {} if is_merged else _annotations(target, seen, held, is_empty=not entries)
    asked = known.asked or Target(secret_name=target.secret_name)
    desired = DesiredSecret(
        key=ConnectionKey(connection.key.namespace, target.secret_name),
        entries=entries,
        dropped=tuple(name for name in known.entries if name not in entries),
        labels=labels,
        annotations=notes,
        dropped_labels=tuple(name for name, _ in asked.labels if name not in labels),
        dropped_annotations=tuple(name for name, _ in asked.annotations if name not in notes),
        owners=None if is_merged else _owners(target, connection),
    )
    if sum(len(name) + len(text) for name, text in entries.items()) > MAX_CONTENT:
        raise SpecInvalidError(
            f"Target {target.secret_name} would be larger than {MAX_CONTENT} bytes.",
            remedy="Shorten data, or spread it over several targets.",
        )
    return Plan(
        target=target,
        desired=desired,
        digest=_digest(desired),
        fingerprint=held.token.fingerprint if entries else "",
        token=held.token.value,
    )


def _labels(target: Target, connection: Connection) -> dict[str, str]:
    return dict(target.labels) | {
        MANAGED_BY: MANAGER,
        CONNECTION_LABEL: connection.key.name,
        WATCH_LABEL: "true",
    }


def _annotations(
    target: Target, seen: Observation, held: HeldToken, *, is_empty: bool
) -> dict[str, str]:
    if is_empty:
        return dict(target.annotations) | {FINGERPRINT: "", IDENTITY: held.identity_hash}
    shown, expires_at = seen.timeline.shown, life.shown_expiry(held, seen.connection.token)
    return dict(target.annotations) | {
        EXPIRES_AT: rfc3339(shown(life.whole_second(expires_at))),
        ISSUED_AT: rfc3339(shown(life.whole_second(held.issued_at))),
        FINGERPRINT: held.token.fingerprint,
        IDENTITY: held.identity_hash,
    }


def _owners(target: Target, connection: Connection) -> tuple[Mapping[str, object], ...]:
    if target.deletion_policy is DeletionPolicy.RETAIN:
        return ()
    owner = {
        "apiVersion": SALESFORCE_CONNECTION.api_version,
        "kind": SALESFORCE_CONNECTION.name,
        "name": connection.key.name,
        "uid": connection.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return (owner,)


def _digest(desired: DesiredSecret) -> bytes:
    """Return what stands for a content; the expiry annotation alone makes no difference."""
    annotations = {name: text for name, text in desired.annotations.items() if name != EXPIRES_AT}
    parts = [dict(desired.entries), dict(desired.labels), annotations, desired.owners]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def is_as_desired(secret: Secret, plan: Plan) -> bool:
    """Whether a Secret already is what it should be, but for foreign entries and annotations."""
    desired = plan.desired
    has_entries = plan.content.items() <= secret.entries.items()
    has_dropped = any(name in secret.entries for name in desired.dropped)
    return has_entries and not has_dropped and _metadata_is_as_desired(secret, desired)


def _metadata_is_as_desired(secret: Secret, desired: DesiredSecret) -> bool:
    has_labels = desired.labels.items() <= secret.labels.items()
    has_dropped = any(name in secret.labels for name in desired.dropped_labels) or any(
        name in secret.annotations for name in desired.dropped_annotations
    )
    # The same token may have been renewed since without a write: any expiry will do.
    notes = {name: text for name, text in desired.annotations.items() if name != EXPIRES_AT}
    has_expiry = EXPIRES_AT in secret.annotations or EXPIRES_AT not in desired.annotations
    has_notes = notes.items() <= secret.annotations.items() and has_expiry
    controller = secret.meta.controller
    uid = controller.uid if controller is not None else None
    wanted = desired.owners[0]["uid"] if desired.owners else None
    return has_labels and has_notes and not has_dropped and uid == wanted
