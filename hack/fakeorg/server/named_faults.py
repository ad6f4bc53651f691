"""The faults that the admin API knows by name."""

from collections.abc import Callable, Mapping
from typing import Final

from fakeorg.model import faults
from fakeorg.model.faults import Fault

Options = Mapping[str, object]


def fault_named(name: str, options: Options) -> Fault:
    """Return the fault of this name, or raise ValueError with the names there are."""
    if name not in FAULTS:
        message = f"no fault named {name}; there are: {', '.join(FAULTS)}"
        raise ValueError(message)
    return FAULTS[name](options)


def _hang(options: Options) -> Fault:
    seconds = options.get("seconds")
    return faults.Hang(
        float(str(seconds)) if seconds is not None else None,
        after_the_work=bool(options.get("after_the_work", False)),
    )


def _respond(options: Options) -> Fault:
    headers = options.get("headers") or {}
    if not isinstance(headers, dict):
        message = "headers must be an object"
        raise ValueError(message)  # noqa: TRY004 - a wrong request, not a wrong program
    named = {str(name): str(value) for name, value in headers.items()}
    return faults.respond(int(str(options["status"])), str(options.get("body", "")), named)


FAULTS: Final[dict[str, Callable[[Options], Fault]]] = {
    "retry": lambda _: faults.RETRY,
    "503": lambda _: faults.UNAVAILABLE,
    "500": lambda _: faults.SERVER_ERROR,
    "429": lambda o: faults.too_many_requests(str(o.get("retry_after", 7))),
    "reset": lambda o: faults.Reset(after_the_work=bool(o.get("after_the_work"))),
    "hang": _hang,
    "truncated": lambda _: faults.TRUNCATED,
    "without": lambda o: faults.without(str(o.get("member", "instance_url"))),
    "redirect": lambda o: faults.redirect(str(o.get("to", "https://elsewhere.example/"))),
    "huge": lambda _: faults.HUGE,
    "respond": _respond,
}
