"""The kopf handlers: events only, no finalizer, no annotation, no task per object.

kopf swallows what an event handler raises, so these must not raise.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import kopf

from token_operator.domain.targets.labels import WATCH_LABEL
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.intake import Intake

# Every watch is opened anew after this many seconds at the latest.
SERVER_TIMEOUT: Final = 600


def registry_for(
    controllers: Sequence[Controller[Any]],
    intake: Intake,
    session: Callable[[], kopf.AiohttpSession],
) -> kopf.OperatorRegistry:
    """Return the handlers that feed *controllers*, and *intake* with Secrets.

    kopf watches through what *session* opens.
    """
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure_kopf(settings)

    @kopf.on.login(registry=registry)
    async def log_in(**_: Any) -> kopf.AiohttpSession:
        return session()

    for controller in controllers:
        watch_kind(registry, controller)

    @kopf.on.event("", "v1", "secrets", registry=registry)
    async def secret_event(event: kopf.RawEvent, **_: Any) -> None:
        if event["type"] == "DELETED":
            intake.secret_gone(event["object"])
        else:
            intake.secret_seen(event["object"])

    return registry


def watch_kind(registry: kopf.OperatorRegistry, controller: Controller[Any]) -> None:
    """Add the handler that feeds one controller."""
    kind = controller.kind

    @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)
    async def resource_event(event: kopf.RawEvent, **_: Any) -> None:
        if event["type"] == "DELETED":
            controller.gone(event["object"])
        else:
            controller.seen(event["object"])


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing of objects: there are no handlers of changes, and a copy costs time."""

    def build(self, **_: object) -> kopf.BodyEssence:
        """Return an essence without anything in it."""
        return kopf.BodyEssence()

    def fetch(self, **_: object) -> None:
        """Return that nothing is known of the object as it was before."""

    def store(self, **_: object) -> None:
        """Store nothing."""


def configure_kopf(settings: kopf.OperatorSettings) -> None:
    """Set what keeps watches alive and kopf out of the cluster (docs/decisions/0001)."""
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.watching.server_timeout = SERVER_TIMEOUT
    settings.watching.client_timeout = SERVER_TIMEOUT + 30
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = 500
    settings.watching.label_selectors["", "v1", "secrets"] = f"{WATCH_LABEL}=true"
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = (1, 2, 4, 8, 16, 30)
    settings.queueing.idle_timeout = 1.0
    settings.queueing.exit_timeout = 2.0
    settings.execution.max_workers = 2
    settings.process.ultimate_exiting_timeout = 40
