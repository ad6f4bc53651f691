"""What to do about a reason, where only the reason is known."""

from collections.abc import Iterator

from token_operator.domain.failures import FailureError


def remedy_for(reason: str) -> str:
    """Return the remedy of the most general failure with *reason*; empty where there is none."""
    return next(
        (
            kind.remedy
            for kind in _kinds(FailureError)
            if _reason_of(kind) == reason and kind.remedy
        ),
        "",
    )


def _reason_of(kind: type[FailureError]) -> str:
    return getattr(kind, "reason", "")


def _kinds(kind: type[FailureError]) -> Iterator[type[FailureError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)
