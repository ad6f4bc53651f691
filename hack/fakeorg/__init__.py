"""A faithful fake of Salesforce's login and token endpoints, on loopback.

Layers, an upper one imports lower ones only:
cli > caller > browser, readymade > fake > server > protocol > model > keys.
"""

from fakeorg import keys
from fakeorg.fake import FakeSalesforce, Ports
from fakeorg.model import faults
from fakeorg.model.app import App, AppState
from fakeorg.model.approvals import Approval
from fakeorg.model.clock import Clock
from fakeorg.model.history import LoginRow
from fakeorg.model.org import Org
from fakeorg.model.session import Session
from fakeorg.model.settings import OrgSettings
from fakeorg.model.user import Site, User
from fakeorg.readymade import Readymade, readymade_org

__all__ = [
    "App",
    "AppState",
    "Approval",
    "Clock",
    "FakeSalesforce",
    "LoginRow",
    "Org",
    "OrgSettings",
    "Ports",
    "Readymade",
    "Session",
    "Site",
    "User",
    "faults",
    "keys",
    "readymade_org",
]
