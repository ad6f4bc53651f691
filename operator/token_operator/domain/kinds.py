"""The kinds of resources that this project defines."""

from dataclasses import dataclass
from typing import Final

GROUP: Final = "salesforce-token.dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource, as the API server serves it."""

    name: str
    plural: str
    version: str
    group: str = GROUP
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Group and version, as ``apiVersion`` of a resource has them."""
        return f"{self.group}/{self.version}"


SALESFORCE_CONNECTION: Final = Kind(
    name="SalesforceConnection", plural="salesforceconnections", version="v1alpha1"
)
