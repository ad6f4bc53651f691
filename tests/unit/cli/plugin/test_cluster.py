"""What is said of a connection that is not found."""

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from token_operator.cli.plugin.cluster import Cluster
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cluster.api import Api, Request


class Answering(Api):
    """An API server that answers everything alike."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(ApiClient(Configuration()))
        self._answer = status, content

    async def _exchange(self, request: Request) -> tuple[int, bytes]:
        return self._answer


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"404 page not found\n", "has no SalesforceConnection CRD", id="no group"),
        pytest.param(
            b'{"message": "the server could not find the requested resource"}',
            "has no SalesforceConnection CRD",
            id="no kind",
        ),
        pytest.param(
            b'{"message": "salesforceconnections.salesforce-token.dev \\"crm\\" not found"}',
            "There is no SalesforceConnection crm in namespace shop.",
            id="no such name",
        ),
    ],
)
async def test_absent_connection_and_absent_kind_are_told_apart(content: bytes, told: str) -> None:
    api = Answering(404, content)
    try:
        with pytest.raises(NotGoodError, match=told):
            await Cluster(api=api, namespace="shop").connection("crm")
    finally:
        await api.close()
