"""The fake Pub/Sub API of tests/clients/pubsub and the real client, beside the fake org."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from support.client_scene import ClientScene
from support.node_packages import node_modules
from support.program import Program

_HERE: Final = Path(__file__).parents[1] / "clients" / "pubsub"
_CLIENT: Final = "salesforce-pubsub-api-client"


class PubSub:
    """A running Pub/Sub API that asks the org of a scene, and a folder for its clients."""

    def __init__(self, scene: ClientScene, start: Callable[..., Program], folder: Path) -> None:
        self.folder = folder
        _install(folder, scene.fake.ca_file)
        for program in ("fake_pubsub.mjs", "publish.mjs"):
            shutil.copy(_HERE / program, folder)
        certificate, key = folder / "server.crt", folder / "server.key"
        certificate.write_text(scene.fake.authority.server_certificate("localhost"))
        key.write_text(scene.fake.authority.server_key)
        own = (scene.ready.org.login_url, str(certificate), str(key))
        self.server = start(("node", "fake_pubsub.mjs", *own), scene.environment(), folder=folder)
        self.endpoint = f"localhost:{self.server.next_line()}"


def _install(folder: Path, authority: Path) -> None:
    """Lay the packages into a folder; the client has its own list of authorities, now of one.

    It ignores NODE_EXTRA_CA_CERTS, and what was installed is shared: only the client is copied.
    """
    packages = folder / "node_modules"
    packages.mkdir(parents=True)
    for package in node_modules(_HERE).iterdir():
        if package.name != _CLIENT:
            (packages / package.name).symlink_to(package)
    shutil.copytree(node_modules(_HERE) / _CLIENT, packages / _CLIENT)
    (authorities,) = (packages / _CLIENT / "dist").glob("cacert*.pem")
    shutil.copy(authority, authorities)
