"""What is made from the Helm chart, and what the chart is made from.

`python hack/chart.py sync` copies the definition from crds/ into the chart and writes the table
of values into its README; `check` says what is out of date. `manifests` writes the chart as plain
YAML into dist/; `release` keeps the chart, as it is, among the releases that tests upgrade from.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from cluster.errors import ClusterError
from cluster.helm import provide_helm
from generated_docs import up_to_date
from values_table import values_table

_CHECKOUT: Final = Path(__file__).resolve().parents[1]
CHART: Final = _CHECKOUT / "helm" / "salesforce-token-operator"
_CRD: Final = "salesforce-token.dev_salesforceconnections.yaml"
_NAME: Final = "salesforce-token-operator"
_HEADER: Final = """\
# The Salesforce Token Operator {version} for all namespaces, as the Helm chart renders it.
# kubectl apply --server-side -f {file}
"""
# What only Helm reads.
_OF_HELM: Final = ("helm.sh/", "meta.helm.sh/")


# --- Checks and copies ---


def stale() -> Iterator[tuple[Path, str]]:
    """Yield each file that is out of date, with what it should hold."""
    readme = CHART / "README.md"
    table = values_table((CHART / "values.yaml").read_text())
    wanted = {
        CHART / "files" / _CRD: (_CHECKOUT / "crds" / _CRD).read_text(),
        readme: up_to_date(readme.read_text(), {"values": lambda: table}),
    }
    for file, content in wanted.items():
        if not file.exists() or file.read_text() != content:
            yield file, content


def _sync() -> int:
    for file, content in stale():
        file.write_text(content)
        print(f"{file.relative_to(_CHECKOUT)}: written")
    return 0


def _check() -> int:
    files = [file.relative_to(_CHECKOUT) for file, _ in stale()]
    for file in files:
        print(f"{file}: out of date; run python hack/chart.py sync")
    return 1 if files else 0


# --- Plain YAML ---


def manifests(helm: Path) -> list[dict[str, Any]]:
    """Return the resources of the chart with default values, without what only Helm reads."""
    command = [str(helm), "template", _NAME, str(CHART), "--namespace", _NAME, "--skip-tests"]
    rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": _NAME,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    return [namespace, *(_plain(one) for one in yaml.safe_load_all(rendered) if one)]


def _plain(resource: dict[str, Any]) -> dict[str, Any]:
    template = resource.get("spec", {}).get("template", {})
    for metadata in (resource["metadata"], template.get("metadata", {})):
        for kind in ("labels", "annotations"):
            kept = {
                name: value
                for name, value in metadata.pop(kind, {}).items()
                if not name.startswith(_OF_HELM) and value != "Helm"
            }
            if kept:
                metadata[kind] = kept
    return resource


def _write_manifests() -> int:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    file = _CHECKOUT / "dist" / f"{_NAME}-{version}.yaml"
    file.parent.mkdir(exist_ok=True)
    header = _HEADER.format(version=version, file=file.name)
    resources = manifests(provide_helm(print))
    file.write_text(header + yaml.safe_dump_all(resources, sort_keys=False, width=120))
    print(file.relative_to(_CHECKOUT))
    return 0


# --- Releases ---


def _keep_release() -> int:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    folder = _CHECKOUT / "tests" / "releases" / version / _NAME
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CHART, folder, ignore=shutil.ignore_patterns("ci", "README.md"))
    print(folder.relative_to(_CHECKOUT))
    return 0


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    commands = {
        "sync": _sync,
        "check": _check,
        "manifests": _write_manifests,
        "release": _keep_release,
    }
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.exit(f"usage: python hack/chart.py {'|'.join(commands)}")
    try:
        return commands[arguments[0]]()
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
