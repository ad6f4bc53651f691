"""The labels and annotations that the operator sets on its target Secrets."""

from typing import Final

from token_operator.domain.kinds import GROUP

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "salesforce-token-operator"
CONNECTION_LABEL: Final = f"{GROUP}/connection"
WATCH_LABEL: Final = f"{GROUP}/watch"
EXPIRES_AT: Final = f"{GROUP}/expires-at"
ISSUED_AT: Final = f"{GROUP}/issued-at"
FINGERPRINT: Final = f"{GROUP}/fingerprint"
IDENTITY: Final = f"{GROUP}/identity"
