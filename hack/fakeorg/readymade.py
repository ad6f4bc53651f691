"""An org in which a login works at once, for demos and as a start for tests."""

from dataclasses import dataclass, field

from fakeorg.fake import FakeSalesforce
from fakeorg.keys import KeyPair, key_pair
from fakeorg.model.app import App
from fakeorg.model.org import Kind, Org
from fakeorg.model.settings import OrgSettings
from fakeorg.model.user import User


@dataclass(frozen=True, slots=True)
class Readymade:
    """An org with an app whose certificate is uploaded and whose user is pre-authorized."""

    org: Org
    app: App
    user: User
    keys: KeyPair = field(repr=False)


def readymade_org(
    fake: FakeSalesforce,
    name: str = "acme",
    *,
    kind: Kind = "production",
    settings: OrgSettings | None = None,
) -> Readymade:
    """Create an org, an app and the user integration@<name>.example."""
    org = fake.add_org(name, kind=kind, settings=settings)
    keys = key_pair()
    user = org.add_user(f"integration@{name}.example")
    app = org.add_app(certificates=(keys.certificate,), assigned=[user.username])
    return Readymade(org, app, user, keys)
