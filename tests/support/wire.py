"""The way to a loopback server that stands in the place of Salesforce."""

from dataclasses import dataclass
from pathlib import Path

from support.loopback import FixedClock, Loopback
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.token import AccessToken
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport

AGENT = "salesforce-token-operator/1.2.3"
TOKEN = "00DMARKED0000001!" + "SecretTokenValue." * 5


@dataclass
class Wire:
    """Both ends: the server, and the transport that trusts it."""

    server: Loopback
    transport: Transport
    clock: FixedClock
    hosts: AllowedHosts
    ca_file: Path

    def token(self) -> AccessToken:
        return AccessToken(value=TOKEN, identity=OrgIdentity(instance_url=self.server.url))
