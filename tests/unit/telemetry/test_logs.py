"""A record is one line, as text or JSON, and no secret is on it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import kopf
import pytest

from token_operator.domain.connection import ConnectionKey
from token_operator.telemetry.logs import configure_logging

TOKEN = "00D5g000008abcdEAA!AQ4AQPzrZzSession"
CRM = ConnectionKey("shop", "crm")

LOGGER = logging.getLogger("token_operator.reconcile")
FOREIGN = ("kopf", "kopf.objects", "httpx", "httpcore", "aiohttp.access", "asyncio", "kubernetes")


def fail(text: str) -> None:
    backwards = text[::-1]
    raise ValueError(backwards[::-1])


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError(TOKEN)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    known = [logging.getLogger(), *map(logging.getLogger, [*FOREIGN, "aiohttp", "urllib3"])]
    known.append(logging.getLogger("token_operator"))
    before = [(logger, logger.level) for logger in known]
    handlers = logging.getLogger().handlers
    yield
    logging.getLogger().handlers = handlers
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def text() -> io.StringIO:
    stream = io.StringIO()
    configure_logging(as_json=False, level="info", stream=stream)
    return stream


@pytest.fixture
def lines() -> Callable[[], list[dict[str, Any]]]:
    stream = io.StringIO()
    configure_logging(as_json=True, level="info", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


Lines = Callable[[], list[dict[str, Any]]]


def test_text_line_is_time_level_connection_message_and_fields(text: io.StringIO) -> None:
    extra = {"connection": CRM, "decision": "Renew", "until": "in an hour"}
    LOGGER.info("Renewed in %d ms.", 12, extra=extra)

    time, rest = text.getvalue().split(" ", 1)
    assert rest == 'info shop/crm Renewed in 12 ms. decision=Renew until="in an hour"\n'
    assert len(time) == len("2026-07-01T12:00:00.000Z")


def test_text_line_without_a_connection_has_a_dash(text: io.StringIO) -> None:
    LOGGER.warning("Started.")

    assert text.getvalue().endswith("Z warning - Started.\n")


def test_json_line_has_the_known_keys_first_and_then_the_fields(lines: Lines) -> None:
    LOGGER.info("Kept.", extra={"seconds": 0.5, "decision": "Keep", "connection": CRM})

    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert list(line.items()) == [
        ("level", "info"),
        ("logger", "token_operator.reconcile"),
        ("message", "Kept."),
        ("connection", "shop/crm"),
        ("decision", "Keep"),
        ("seconds", 0.5),
    ]


def test_time_is_of_the_record_in_utc_with_milliseconds(lines: Lines) -> None:
    record = logging.makeLogRecord({"msg": "x", "created": 1767225600.25})

    logging.getLogger().handlers[0].handle(record)

    assert lines()[0]["time"] == "2026-01-01T00:00:00.250Z"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_record_is_one_line_whatever_is_in_it(as_json: bool) -> None:
    stream = io.StringIO()
    configure_logging(as_json=as_json, level="info", stream=stream)

    try:
        fail("first\nsecond")
    except ValueError:
        LOGGER.exception("a\nb\u2028c\x1b", extra={"field": "c\nd"}, stack_info=True)

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_traceback_is_kept_without_the_values_of_variables(lines: Lines) -> None:
    try:
        fail("broken")
    except ValueError:
        LOGGER.exception("It failed.")

    exception = lines()[0]["exception"]
    assert "ValueError: broken" in exception
    assert "test_logs.py" in exception
    assert "nekorb" not in exception


def test_secret_is_redacted_wherever_it_is_on_the_record(text: io.StringIO) -> None:
    try:
        fail(f"refused {TOKEN}")
    except ValueError:
        LOGGER.exception("%s", {"a": TOKEN}, extra={"seen": [TOKEN], "decision": TOKEN})
    LOGGER.info("00D5g000008abcdEAA!AQ4AQ", stack_info=True)  # the stack shows this line

    assert "<redacted>" in text.getvalue()
    assert "AQ4AQ" not in text.getvalue()


def test_arguments_that_do_not_fit_are_neither_fatal_nor_printed(
    text: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    LOGGER.info("%d done", TOKEN)
    LOGGER.info("an error", extra={"error": UnprintableError()})

    assert "%d done (its arguments do not fit)" in text.getvalue()
    assert "error=<UnprintableError>" in text.getvalue()
    assert "AQ4AQ" not in text.getvalue() + capsys.readouterr().err


def test_field_cannot_take_the_place_of_a_known_key(lines: Lines) -> None:
    LOGGER.info("real", extra={"level": "fake", "logger": "fake", "time": "fake"})

    (line,) = lines()
    assert (line["level"], line["logger"]) == ("info", "token_operator.reconcile")
    assert line["time"] != "fake"


def test_object_of_kopf_is_the_connection_and_its_settings_are_left_out(lines: Lines) -> None:
    settings = kopf.OperatorSettings()  # kopf's own handler looks at it
    settings.posting.enabled = False
    extra = {"k8s_ref": {"namespace": "shop", "name": "crm"}, "settings": settings}
    logging.getLogger("kopf.objects").warning("Something.", extra=extra)

    (line,) = lines()
    assert line["connection"] == "shop/crm"
    assert "settings" not in line
    assert "k8s_ref" not in line


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_library_never_talks_below_warning(name: str, level: str) -> None:
    configure_logging(as_json=False, level=level, stream=io.StringIO())

    assert logging.getLogger(name).getEffectiveLevel() == logging.WARNING


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_own_records_are_shown_from_the_level_on(level: str, shown: list[str]) -> None:
    stream = io.StringIO()
    configure_logging(as_json=True, level=level, stream=stream)

    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        LOGGER.log(number, "x")

    assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == shown


def test_configuring_twice_does_not_double_the_lines() -> None:
    stream = io.StringIO()
    configure_logging(as_json=False, level="info", stream=stream)
    configure_logging(as_json=False, level="info", stream=stream)

    LOGGER.info("once")

    assert stream.getvalue().count("once") == 1
