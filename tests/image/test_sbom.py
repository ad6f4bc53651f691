"""The bill of materials says what the image is made of."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

import sbom

_CHECKOUT = Path(__file__).parents[2]
_LOCK = """\
asks==1.0 \\
    --hash=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \\
    --hash=sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
Only_Linux==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
only-windows==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
"""
_PROJECT = {
    "name": "ours",
    "version": "0.1.0",
    "description": "Ours.",
    "license": "Apache-2.0",
    "dependencies": ["asks>=1", "only-windows ; sys_platform == 'win32'"],
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())["project"]
    return sbom.document((_CHECKOUT / "requirements.txt").read_text(), project)


def test_each_package_that_the_image_installs_is_a_component_with_its_hashes() -> None:
    asks, linux = sbom.document(_LOCK, _PROJECT)["components"]

    assert asks["purl"] == "pkg:pypi/asks@1.0"
    assert [one["hashes"] for one in asks["externalReferences"]] == [
        [{"alg": "SHA-256", "content": "a" * 64}],
        [{"alg": "SHA-256", "content": "b" * 64}],
    ]
    assert linux["purl"] == "pkg:pypi/only-linux@2.0"


def test_root_needs_what_the_project_asks_for_on_the_image() -> None:
    root, *_ = sbom.document(_LOCK, _PROJECT)["dependencies"]

    assert root == {"ref": "pkg:pypi/ours@0.1.0", "dependsOn": ["pkg:pypi/asks@1.0"]}


def test_same_lock_gives_the_same_document_and_another_one_another_serial_number() -> None:
    once, again = sbom.document(_LOCK, _PROJECT), sbom.document(_LOCK, _PROJECT)
    other = sbom.document(_LOCK.replace("1.0", "1.1"), _PROJECT)

    assert once == again
    assert once["serialNumber"] != other["serialNumber"]


def test_every_shipped_component_has_a_licence_and_a_hash(shipped: dict[str, Any]) -> None:
    lacking = [
        one["name"]
        for one in shipped["components"]
        if not one.get("licenses") or not one["externalReferences"]
    ]

    assert shipped["components"]
    assert lacking == []


def test_every_shipped_component_is_needed_by_another(shipped: dict[str, Any]) -> None:
    needed = {purl for one in shipped["dependencies"] for purl in one["dependsOn"]}

    assert {one["purl"] for one in shipped["components"]} - needed == set()


def test_document_is_written_to_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "dist" / "sbom.cdx.json"

    assert sbom.main([str(file)]) == 0
    assert file.read_text().startswith('{\n  "bomFormat": "CycloneDX"')
