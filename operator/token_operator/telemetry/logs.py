"""Logs: one line per record on standard error, as text or as JSON, without secrets."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

from token_operator.telemetry.redaction import redact

_OURS: Final = "token_operator"
# Their DEBUG lines carry whole bodies and patches, Secrets among them.
_TALKATIVE: Final = (
    "aiohttp",
    "aiohttp.access",
    "asyncio",
    "httpcore",
    "httpx",
    "kopf",
    "kubernetes",
    "urllib3",
)

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SHOWN_FIRST: Final = frozenset({"connection", "decision"})
# kopf hangs its whole settings on some records.
_KOPF: Final = frozenset({"settings", "k8s_ref", "k8s_skip"})
_CONTROL: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), 0x7F, 0x85, 0x2028, 0x2029)}


def configure_logging(*, as_json: bool, level: str, stream: TextIO | None = None) -> None:
    """Send all records to *stream* (standard error), ours from *level* on, a word of any case.

    Libraries stay at WARNING or above whatever *level* says: they print bodies.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(JSONFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    logging.getLogger(_OURS).setLevel(level.upper())
    others = max(logging.WARNING, logging.getLogger(_OURS).level)
    root.setLevel(others)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(others)


class RedactingFilter(logging.Filter):
    """Takes what has the shape of a secret out of a record: message, fields and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record* to text without secrets; it is always kept."""
        record.msg, record.args = redact(_message(record)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and redact(record.exc_text)
        record.stack_info = record.stack_info and redact(record.stack_info)
        for name in vars(record).keys() - _STANDARD - _KOPF:
            setattr(record, name, _field(vars(record)[name]))
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, connection, decision, the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = dict(_fields(record))
        return json.dumps(line | {k: v for k, v in fields.items() if k not in line}, default=str)


class TextFormatter(logging.Formatter):
    """``time level connection message key=value``; ``-`` where no connection is concerned."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end; a control character within is escaped."""
        fields = dict(_fields(record))
        connection = fields.pop("connection", "-")
        words = [_time(record), record.levelname.lower(), str(connection), record.getMessage()]
        words += [f"{name}={_quoted(str(value))}" for name, value in fields.items()]
        return " ".join(words).translate(_CONTROL)


def _time(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - logging would print the arguments, unredacted
        return f"{record.msg} (its arguments do not fit)"


def _field(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        return redact(str(value))
    except Exception:  # noqa: BLE001 - a field that cannot be shown must not stop the caller
        return f"<{type(value).__name__}>"


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    given = vars(record)
    if connection := given.get("connection") or _connection_of_kopf(given.get("k8s_ref")):
        yield "connection", connection
    if decision := given.get("decision"):
        yield "decision", decision
    yield from sorted(
        (name, given[name]) for name in given.keys() - _STANDARD - _SHOWN_FIRST - _KOPF
    )
    if record.exc_text:
        yield "exception", record.exc_text
    if record.stack_info:
        yield "stack", record.stack_info


def _connection_of_kopf(reference: object) -> str | None:
    if not isinstance(reference, Mapping) or not reference.get("name"):
        return None
    return f"{reference.get('namespace') or ''}/{reference['name']}"


def _quoted(text: str) -> str:
    is_plain = text and not any(character in text for character in ' "=\n')
    return text if is_plain else json.dumps(text, ensure_ascii=False)
