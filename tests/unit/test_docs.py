"""The documents, compared with the program that they are about."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import generated_docs
from support.promised_reasons import PROMISED_REASONS
from token_operator.domain import conditions
from token_operator.telemetry.metrics import Metrics

_CHECKOUT: Final = Path(__file__).parents[2]
_DOCS: Final = _CHECKOUT / "docs"
_SOURCES: Final = _CHECKOUT / "operator" / "token_operator"


def section(document: str, title: str) -> str:
    """Return the text under a heading, up to the next one of its height."""
    text = (_DOCS / document).read_text()
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(table: str) -> set[str]:
    """Return what stands as code in the first cell of each row."""
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


def reasons_in(pattern: str, sources: Iterator[Path]) -> set[str]:
    return {found for file in sources for found in re.findall(pattern, file.read_text())}


@pytest.mark.parametrize("document", generated_docs.BLOCKS)
def test_generated_parts_are_up_to_date(document: str) -> None:
    text = (_CHECKOUT / document).read_text()

    fresh = generated_docs.up_to_date(text, generated_docs.BLOCKS[document])

    assert fresh == text, "run make docs"


def first_is_due() -> None:
    """Do the first thing.

    More about it.
    """


def second_is_due() -> None:
    """Do the second | thing."""


def test_table_of_checks_names_each_in_order_with_its_first_line() -> None:
    table = generated_docs.checks_table((first_is_due, second_is_due))

    assert table.splitlines()[2:] == [
        "| 1 | first is due | Do the first thing. |",
        "| 2 | second is due | Do the second \\| thing. |",
    ]


def test_every_reason_of_a_failure_is_explained() -> None:
    raised = {failure.reason for failure in generated_docs.failure_classes()}

    assert first_cells(section("troubleshooting.md", "All reasons of failures")) == raised


def test_every_failure_has_a_remedy() -> None:
    assert all(failure.remedy for failure in generated_docs.failure_classes())


def test_every_reason_of_a_condition_is_explained() -> None:
    file = Path(str(conditions.__file__))
    judged = reasons_in(r'Judgement\(\s*\w+,\s*"(\w+)"', iter([file])) | {conditions.SUSPENDED}

    assert first_cells(section("troubleshooting.md", "Reasons of conditions")) == judged


def test_every_reason_of_an_event_is_explained() -> None:
    told = reasons_in(r'\.announce\(\s*"(\w+)"', _SOURCES.rglob("*.py"))
    told |= reasons_in(r'\.announce_once\([^,]+,\s*"(\w+)"', _SOURCES.rglob("*.py"))
    # The one that is chosen by whether the connection had a token before.
    told |= reasons_in(r'reason = "(\w+)" if \w+\.has_minted', _SOURCES.rglob("*.py"))
    told |= reasons_in(r'has_minted else "(\w+)"', _SOURCES.rglob("*.py"))

    assert {"TokenMinted", "TokenRenewed"} <= told
    assert first_cells(section("troubleshooting.md", "Events")) == told


def test_every_promised_reason_is_explained() -> None:
    text = (_DOCS / "troubleshooting.md").read_text()

    assert first_cells(text) >= PROMISED_REASONS


def test_every_metric_is_explained() -> None:
    page = Metrics("1.2.3").page().decode()
    served = {
        (name, kind)
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE)
        if not name.startswith("process_")
    }

    table = (_DOCS / "metrics.md").read_text()
    explained = set(re.findall(r"^\| `(salesforce_token_\w+)` \| (\w+) \|", table, re.MULTILINE))

    assert explained == served


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(file, id=str(file.relative_to(_CHECKOUT)))
        for file in (*_CHECKOUT.glob("*.md"), *sorted(_DOCS.rglob("*.md")))
    ],
)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not leads_somewhere(document, link)] == []


def leads_somewhere(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = document.parent / name if name else document
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text())


def anchors(text: str) -> set[str]:
    """Return the anchors of headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def test_every_file_that_a_document_names_exists() -> None:
    documents = [*_CHECKOUT.glob("*.md"), *_DOCS.rglob("*.md")]
    path = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|yaml|toml))`")

    missing = {
        f"{document.relative_to(_CHECKOUT)}: {found}"
        for document in documents
        for found in path.findall(document.read_text())
        if not any((root / found).exists() for root in (_CHECKOUT, _SOURCES, _DOCS))
    }

    assert missing == set()
