"""What admins and developers do outside the shell, by the markers of the guides."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final, Unpack
from xml.etree import ElementTree as ET

from fakeorg import keys
from fakeorg.model.app import AppFields
from support.guide import block_of
from support.guide_scene import Clicking, Scene
from support.key_stores import tool

_SECRET: Final = "8F2CConsumerSecretOfTheGuide"
_PASSPHRASE: Final = "it's a secret"
_CALLBACK: Final = "http://localhost:1717/OauthRedirect"
_METADATA: Final = "{http://soap.sforce.com/2006/04/metadata}"


def _make_app(scene: Scene, **fields: Unpack[AppFields]) -> None:
    """Make the app as a form does in which nothing was ticked that the guide does not tick."""
    strict: AppFields = {
        "jwt_enabled": bool(fields.get("certificates")),
        "callback_urls": (_CALLBACK,),
        "pkce_required": True,
    }
    scene.app = scene.org.add_app(**(strict | fields))
    scene.values["CONSUMER_KEY"] = scene.app.consumer_key


def create_self_authorize_app(scene: Scene) -> None:
    certificate = (scene.folder / "crm.crt").read_text()
    _make_app(
        scene,
        certificates=(certificate,),
        policy="self-authorize",
        consumer_secret=_SECRET,
        require_secret_for_code=False,
    )


def create_web_server_app(scene: Scene) -> None:
    _make_app(
        scene,
        consumer_secret=_SECRET,
        assigned=[scene.user.username],
        refresh_token_rotation=True,
    )
    scene.values["CONSUMER_SECRET"] = _SECRET


def hold_a_refresh_token(scene: Scene) -> None:
    scene.values["REFRESH_TOKEN"] = scene.org.approve(scene.user, scene.the_app())


def deploy_metadata(scene: Scene) -> None:
    """Deploy the metadata file that `keygen` printed."""
    printed = (scene.folder / "crm-key.txt").read_text()
    found = re.search(r"<\?xml.*</ExtlClntAppGlobalOauthSettings>", printed, re.DOTALL)
    assert found, printed
    document = ET.fromstring(re.sub(r"(?m)^    ", "", found[0]))  # noqa: S314 - our own text
    lines = (document.findtext(f"{_METADATA}certificate") or "").split("\n")
    certificate = "".join(f"{line.strip()}\n" for line in lines)
    # An org of today: the login hosts are no audience.
    scene.org.settings.spring26_strict = True
    _make_app(scene, certificates=(certificate,), consumer_secret=_SECRET)


def pre_authorize(scene: Scene) -> None:
    scene.the_app().change(policy="admin-approved", assigned=[scene.user.username])


def hold_a_settings_document(scene: Scene) -> None:
    """Write the document of the guide, with the values of an app where users approve."""
    pair = keys.key_pair("settings")
    _make_app(scene, certificates=(pair.certificate,), policy="self-authorize")
    document = json.loads(block_of(scene.guide, "json"))
    document["Username"] = scene.user.username
    document["ClientId"] = scene.the_app().consumer_key
    document["PrivateKey"] = pair.private_key
    document["InstanceUrl"] = scene.org.my_domain_url
    (scene.folder / "my settings.json").write_text(json.dumps(document))
    scene.values["SETTINGS"] = "my settings.json"


def export_key_store(scene: Scene) -> None:
    """Make a JKS with two keys, as Salesforce exports it, and upload the certificate of one."""
    store = scene.folder / "exported.jks"
    for alias in ("another", "acme_jwt"):
        _keytool(store, "-genkeypair", "-alias", alias, "-dname", f"CN={alias}",
                 "-keyalg", "RSA", "-keysize", "2048", "-storetype", "JKS")  # fmt: skip
    certificate = _keytool(store, "-exportcert", "-rfc", "-alias", "acme_jwt")
    _make_app(scene, certificates=(certificate,), assigned=[scene.user.username])
    scene.values |= {
        "KEY_STORE": store.name,
        "STORE_PASSPHRASE": _PASSPHRASE,
        "KEY_ALIAS": "acme_jwt",
    }


def second_org(scene: Scene) -> None:
    pair = keys.key_pair("uat")
    uat = scene.fake.add_org(f"{scene.org.name}--uat", kind="sandbox")
    user = uat.add_user(f"{scene.user.username}.uat")
    app = uat.add_app(certificates=(pair.certificate,), assigned=[user.username])
    (scene.folder / "uat.key").write_text(pair.private_key)
    (scene.folder / "uat.crt").write_text(pair.certificate)
    scene.values |= {
        "UAT_PASSPHRASE": _PASSPHRASE,
        "UAT_LOGIN_URL": uat.my_domain_url,
        "UAT_USER": user.username,
        "UAT_CONSUMER_KEY": app.consumer_key,
    }


def create_client_credentials_app(scene: Scene) -> None:
    _make_app(
        scene,
        consumer_secret=_SECRET,
        scopes=("api", "id"),
        client_credentials_enabled=True,
        run_as=scene.user.username,
    )
    scene.values["CONSUMER_SECRET"] = _SECRET


def _keytool(store: Path, *arguments: str) -> str:
    command = [tool("keytool"), *arguments, "-keystore", str(store), "-storepass", _PASSPHRASE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


CLICKS: Final[dict[str, Clicking]] = {
    "create-self-authorize-app": create_self_authorize_app,
    "create-web-server-app": create_web_server_app,
    "hold-a-refresh-token": hold_a_refresh_token,
    "deploy-metadata": deploy_metadata,
    "pre-authorize": pre_authorize,
    "hold-a-settings-document": hold_a_settings_document,
    "export-key-store": export_key_store,
    "second-org": second_org,
    "create-client-credentials-app": create_client_credentials_app,
}
