"""What is written twice is the same twice: definition, table of values, schema."""

import json
from typing import Any

import yaml

import chart
from support.helm import CHART
from values_table import Value, values_in, values_table

_VALUES = (CHART / "values.yaml").read_text()
_SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def test_copies_and_tables_of_the_chart_are_up_to_date() -> None:
    assert [file.name for file, _ in chart.stale()] == [], "Run python hack/chart.py sync."


def test_every_value_is_described() -> None:
    leaves = [one for one in values_in(_VALUES) if one.default is not None]

    assert [one.path for one in leaves if not one.comment.endswith(".")] == []


def test_schema_knows_exactly_the_values() -> None:
    known = set(_paths(_SCHEMA, yaml.safe_load(_VALUES)))

    assert known - {"global"} == {one.path for one in values_in(_VALUES) if one.default is not None}


def _paths(schema: dict[str, Any], values: Any, prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, inner in schema["properties"].items():
        if "properties" in inner:
            assert inner["additionalProperties"] is False
            found += _paths(inner, values[name], f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}")
    return found


def test_comment_above_a_value_is_its_row_in_the_table() -> None:
    text = "# How many.\n# And why.\nreplicas: 2\n\nlog:\n  # Form.\n  format: text\n"

    assert values_in(text) == [
        Value(path="replicas", comment="How many. And why.", default="2"),
        Value(path="log", comment="", default=None),
        Value(path="log.format", comment="Form.", default='"text"'),
    ]
    assert values_table(text).splitlines()[2:] == [
        "| `replicas` | `2` | How many. And why. |",
        '| `log.format` | `"text"` | Form. |',
    ]


def test_version_of_chart_and_operator_are_one() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (CHART.parents[1] / "pyproject.toml").read_text()

    assert about["version"] == about["appVersion"]
    assert f'\nversion = "{about["version"]}"\n' in project
