"""The parts of the documents that the program itself knows best.

`python hack/generated_docs.py` writes them between their marks in docs/, `--check` lists the
documents that are out of date. A test checks them too.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from click.testing import CliRunner

from token_operator.cli.operator import program
from token_operator.domain import decision, failures
from token_operator.domain.connection import Preset
from token_operator.domain.failures import FailureError
from token_operator.domain.targets import decision as targets
from token_operator.domain.targets.placeholders import PLACEHOLDERS, Values
from token_operator.domain.targets.presets import preset_entries

_CHECKOUT: Final = Path(__file__).resolve().parents[1]
_CRD: Final = _CHECKOUT / "crds" / "salesforce-token.dev_salesforceconnections.yaml"
# Each limit of the schema, in words.
_LIMITS: Final = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("maxProperties", "at most {} entries"),
    ("maxLength", "at most {} characters"),
)
Schema = dict[str, Any]


def crd_fields(part: str) -> str:
    """Return a Markdown table of the fields of `spec` or `status`."""
    definition = yaml.safe_load(_CRD.read_text())
    root: Schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rows = ["| field | type | default | what it is |", "|---|---|---|---|"]
    rows += _rows(part, root["properties"][part], is_required=False)
    return "\n".join(rows)


def _rows(path: str, schema: Schema, *, is_required: bool) -> Iterator[str]:
    yield _row(path, schema, is_required=is_required)
    yield from _children(path, schema)
    if "items" in schema:
        yield from _children(f"{path}[]", schema["items"])


def _children(path: str, schema: Schema) -> Iterator[str]:
    required = schema.get("required", [])
    for name, child in schema.get("properties", {}).items():
        yield from _rows(f"{path}.{name}", child, is_required=name in required)


def _row(path: str, schema: Schema, *, is_required: bool) -> str:
    default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
    cells = [
        f"`{path}`",
        _type_of(schema),
        "required" if is_required else default,
        _description(schema),
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type_of(schema: Schema) -> str:
    if "items" in schema:
        return f"list of {_type_of(schema['items'])}"
    if "additionalProperties" in schema:
        return "map of string"
    return "instant" if schema.get("format") == "date-time" else str(schema["type"])


def _description(schema: Schema) -> str:
    """Return the description, the values and the limits in one line."""
    values = schema.get("enum") or schema.get("items", {}).get("enum", [])
    limits = [words.format(schema[name]) for name, words in _LIMITS if name in schema]
    parts = [schema.get("description", "")]
    if values:
        parts.append(f"One of {', '.join(f'`{value}`' for value in values)}.")
    if limits:
        parts.append(f"({', '.join(limits)})")
    return " ".join(filter(None, parts))


def failure_classes() -> list[type[FailureError]]:
    """Return every class of failure that is raised, in the order of their file."""
    classes = [one for one in vars(failures).values() if isinstance(one, type)]
    return [one for one in classes if issubclass(one, FailureError) and one.remedy]


def failure_reasons() -> str:
    """Return a Markdown table of the reasons of failures: what happened and what to do."""
    rows = ["| reason | class | what happened | what to do |", "|---|---|---|---|"]
    for reason in failures.KINDS:
        sharing = [one for one in failure_classes() if one.reason == reason]
        cells = [
            f"`{reason}`",
            _joined(one.failure_class for one in sharing),
            _joined(_happened(one) for one in sharing),
            _joined(one.remedy for one in sharing),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _happened(failure: type[FailureError]) -> str:
    summary = " ".join((failure.__doc__ or "").split())
    return f"{summary} (May be propagation delay.)" if failure.may_be_propagation else summary


def _joined(texts: Iterable[str]) -> str:
    # Markdown takes <...> for HTML and | for the end of a cell.
    safe = (text.replace("<", "&lt;").replace("|", "\\|") for text in texts)
    return "<br>".join(dict.fromkeys(safe))


def checks_table(checks: Iterable[Callable[..., object]]) -> str:
    """Return a Markdown table of named checks, in order: the fact and what it leads to.

    The fact is the name of the function, the meaning the first line of its docstring.
    """
    rows = ["| # | check | what it decides |", "|---|---|---|"]
    for number, check in enumerate(checks, start=1):
        fact = check.__name__.replace("_", " ")
        summary = (inspect.getdoc(check) or "").partition("\n")[0]
        rows.append(f"| {number} | {fact} | {_joined([summary])} |")
    return "\n".join(rows)


def entries_with_the_expiry(preset: Preset) -> list[str]:
    """Return the entries of a preset that hold when the token expires."""
    names = dict.fromkeys(PLACEHOLDERS, "same")
    one, other = (
        preset_entries(preset, Values({**names, "expires_at": at})) for at in ("earlier", "later")
    )
    return [name for name in one if one[name] != other[name]]


def presets_over_a_renewal() -> str:
    """Return a Markdown table of what a renewal with the same token changes in each preset."""
    rows = ["| preset | changes with a later expiry of the same token |", "|---|---|"]
    for preset in Preset:
        changed = ", ".join(f"`{name}`" for name in entries_with_the_expiry(preset))
        rows.append(f"| `{preset}` | {changed or 'nothing'} |")
    return "\n".join(rows)


def command_help(*arguments: str) -> str:
    """Return the help text of a command as a code block."""
    # A fixed width: the output must not depend on the terminal.
    result = CliRunner().invoke(
        program,
        [*arguments, "--help"],
        prog_name="salesforce-token-operator",
        terminal_width=100,
    )
    command = " ".join(["salesforce-token-operator", *arguments, "--help"])
    return f"```console\n$ {command}\n{result.output.rstrip()}\n```"


BLOCKS: Final[dict[str, dict[str, Callable[[], str]]]] = {
    "docs/crd.md": {
        "spec": lambda: crd_fields("spec"),
        "status": lambda: crd_fields("status"),
    },
    "docs/architecture.md": {
        "checks": lambda: checks_table(decision.CHECKS),
        "checks of a target that was not read": lambda: checks_table(targets.UNREAD_CHECKS),
        "checks of a target that does not exist": lambda: checks_table(targets.ABSENT_CHECKS),
        "checks of a target that was read": lambda: checks_table(targets.READ_CHECKS),
    },
    "docs/cli.md": {"run --help": lambda: command_help("run")},
    "docs/targets.md": {"presets over a renewal with the same token": presets_over_a_renewal},
    "docs/troubleshooting.md": {"failures": failure_reasons},
}


def up_to_date(document: str, blocks: dict[str, Callable[[], str]]) -> str:
    """Return the document with its blocks as they should be; each must have its marks."""
    for name, block in blocks.items():
        begin, end = f"<!-- generated: {name} -->\n", "\n<!-- end -->"
        marks = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
        fresh = f"{begin}{block()}{end}"
        document, count = marks.subn(lambda _: fresh, document)  # noqa: B023 - called at once
        if count != 1:
            raise SystemExit(f"The marks of the block {name!r} are missing.")
    return document


def main(arguments: list[str]) -> int:
    """Write the blocks, or with --check list the documents that are out of date."""
    stale = []
    for name, blocks in BLOCKS.items():
        file = _CHECKOUT / name
        fresh = up_to_date(file.read_text(), blocks)
        if fresh != file.read_text():
            stale.append(name)
            if "--check" not in arguments:
                file.write_text(fresh)
    for name in stale:
        print(f"{name}: {'out of date; run make docs' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
