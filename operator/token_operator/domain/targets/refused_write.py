"""What the API server's refusal of a write means, without the content that it may quote."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from token_operator.domain.failures import TargetRefusedError
from token_operator.domain.targets.plan import Plan

MAX_CAUSES: Final = 5
MAX_FIELD: Final = 120
# Shorter entries (a version, a token type) stand in names of fields by chance.
SHORTEST_MASKED: Final = 8
MASK: Final = "***"


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A field that the API server refuses, and its reason in one word."""

    field: str
    reason: str


def refused_write(
    plan: Plan, status: str, fields: Iterable[RefusedField] = ()
) -> TargetRefusedError:
    """Return the failure for a write that the API server refused with *status* (422 Invalid).

    Names at most 5 fields with their reasons. What the API server says beside them is left out,
    since it quotes values; what the target would hold is masked in the names as well.
    """
    causes = [one for one in fields if one.field or one.reason][:MAX_CAUSES]
    reasons = "; ".join(_shown(one, plan) for one in causes)
    what = f"The API server refused Secret {plan.target.secret_name} ({status})"
    return TargetRefusedError(f"{what}: {reasons}." if reasons else f"{what}.")


def _shown(cause: RefusedField, plan: Plan) -> str:
    field, reason = (_masked(text, plan)[:MAX_FIELD] for text in (cause.field, cause.reason))
    return f"{field} ({reason})" if field and reason else field or reason


def _masked(text: str, plan: Plan) -> str:
    contents = sorted({plan.token, *plan.desired.entries.values()}, key=len, reverse=True)
    for content in contents:
        if len(content) >= SHORTEST_MASKED:
            text = text.replace(content, MASK)
    return text
