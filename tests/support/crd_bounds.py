"""Values on either side of a bound of the schema."""

from dataclasses import dataclass
from typing import Any, Final

from support.crd_samples import ABSENT, NOON
from support.crd_schema import Bound


@dataclass(frozen=True, slots=True)
class Sides:
    """Values that a bound lets through, one that it refuses, and what it then says."""

    good: list[Any]
    bad: Any
    says: str


_PRESETS: Final = [
    "Default",
    "Environment",
    "SalesforceCLI",
    "SimpleSalesforce",
    "JSForce",
    "PubSub",
    "HTTPHeader",
    "DotEnv",
    "JSON",
]

# The tests of bounds follow the schema; these must not change with it.
CONTRACT: Final = [
    ("spec.auth.jwtBearer.keys", "minItems", 1),
    ("spec.auth.jwtBearer.keys", "maxItems", 2),
    ("spec.auth.jwtBearer.keys[0].format", "enum", ["Auto", "PEM", "PKCS12", "JKS"]),
    ("spec.token.renewAtPercent", "minimum", 20),
    ("spec.token.renewAtPercent", "maximum", 80),
    ("spec.token.expiredPolicy", "enum", ["Keep", "Remove"]),
    ("spec.targets", "minItems", 1),
    ("spec.targets", "maxItems", 8),
    ("spec.targets", "unique", None),
    ("spec.targets[0].type", "enum", ["Opaque"]),
    ("spec.targets[0].creationPolicy", "enum", ["Create", "Adopt", "Merge"]),
    ("spec.targets[0].deletionPolicy", "enum", ["Delete", "Retain"]),
    ("spec.targets[0].presets[0]", "enum", _PRESETS),
    ("spec.restartWorkloads", "maxItems", 16),
    ("spec.restartWorkloads[0].kind", "enum", ["Deployment", "StatefulSet", "DaemonSet"]),
    ("status.failure.class", "enum", ["Transient", "RateLimited", "Terminal"]),
    (
        "status.token.expirySource",
        "enum",
        ["Response", "TokenClaim", "Introspection", "Configured"],
    ),
]


def sides_of(bound: Bound) -> Sides:
    """Return values on either side of a bound."""
    if bound.keyword.startswith(("min", "max")):
        return _sides_of_limit(bound)
    match bound.keyword:
        case "enum":
            return Sides(bound.limit, "Else", "supported values: " + _listed(bound.limit))
        case "format":
            return Sides([NOON], "soon", "must be of type date-time")
        case "required":
            return Sides([], ABSENT, "Required value")
        case "unique":
            return Sides([], _items(bound.path, 1) * 2, "Duplicate value")
        case _:
            raise NotImplementedError(str(bound))


def _sides_of_limit(bound: Bound) -> Sides:
    limit = bound.limit
    beyond = limit - 1 if bound.keyword.startswith("min") else limit + 1
    good, bad = (_of_size(bound, size) for size in (limit, beyond))
    says = {
        "minimum": f"greater than or equal to {limit}",
        "maximum": f"less than or equal to {limit}",
        "minLength": f"at least {limit} chars long",
        "maxLength": f"more than {limit} bytes",
        "minItems": f"at least {limit} items",
        "maxItems": f"at most {limit} items",
        "maxProperties": f"at most {limit} items",
    }
    return Sides([good], bad, says[bound.keyword])


def _of_size(bound: Bound, size: int) -> Any:
    match bound.keyword:
        case "minimum" | "maximum":
            return size
        case "minLength" | "maxLength":
            return _text(bound.path, size)
        case "minItems" | "maxItems":
            return _items(bound.path, size)
        case _:
            return {f"a{number}": "b" for number in range(size)}


def _text(path: str, length: int) -> str:
    match path.rsplit(".", 1)[-1]:
        case "loginURL" | "audience":
            return "https://".ljust(length, "a")
        case "lifetime" | "verifyInterval":
            return "00000m00000s00000s1h".ljust(length, "0")
        case "expectedOrgID":
            return "00D".ljust(length, "a")
        case "apiVersion":
            return "100.0".ljust(length, "0")
        case _:
            return "a" * length


def _items(path: str, count: int) -> list[Any]:
    match path.rsplit(".", 1)[-1]:
        case "presets":
            # There are no more than the bound allows, so beyond it one comes twice.
            return (_PRESETS * 2)[:count]
        case "restartWorkloads":
            return [{"kind": "Deployment", "name": f"a{number}"} for number in range(count)]
        case "conditions":
            return [_condition(number) for number in range(count)]
        case "usedRefreshTokens" | "scopes" | "entries":
            return [f"a{number}" for number in range(count)]
        case _:
            return [{"secretName": f"a{number}"} for number in range(count)]


def _condition(number: int) -> dict[str, str]:
    text = {"status": "True", "reason": "A", "message": "A.", "lastTransitionTime": NOON}
    return {"type": f"A{number}", **text}


def _listed(values: list[str]) -> str:
    return ", ".join(f'"{each}"' for each in values)
