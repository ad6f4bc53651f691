"""The connection in a file of YAML or JSON."""

from typing import Any, Final

import click
import yaml

from token_operator.domain.kinds import SALESFORCE_CONNECTION

Raw = dict[str, Any]

_KIND: Final = SALESFORCE_CONNECTION.name


def connection_in(content: bytes) -> Raw:
    """Return the one SalesforceConnection in *content*; raise UsageError for anything else."""
    found = [one for one in _documents(content) if one.get("kind") == _KIND]
    if len(found) != 1:
        raise click.UsageError(f"The file holds {len(found) or 'no'} {_KIND}, not one.")
    metadata = found[0].get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise click.UsageError(f"The {_KIND} in the file has no metadata.name.")
    return found[0]


def _documents(content: bytes) -> list[Raw]:
    try:
        documents = list(yaml.safe_load_all(content))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise click.UsageError(f"The file is not valid YAML{where}.") from None
    unfolded = [item for one in documents for item in _items(one)]
    return [one for one in unfolded if isinstance(one, dict)]


def _items(document: object) -> list[Any]:
    """Return the members of a List, or the document itself."""
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        return list(document["items"])
    return [document]
