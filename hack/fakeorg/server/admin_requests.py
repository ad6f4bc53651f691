"""Reading admin requests."""

from aiohttp import web

from fakeorg.model.directory import Directory
from fakeorg.model.org import Org
from fakeorg.server.changes import ChangeError


async def json_of(request: web.Request) -> dict[str, object]:
    """Return the JSON object in the body; an empty body is an empty object."""
    if not await request.read():
        return {}
    content = await request.json()
    if not isinstance(content, dict):
        message = "the body must be a JSON object"
        raise ChangeError(message)
    return content


def org_of(request: web.Request, directory: Directory) -> Org:
    """Return the org that the path names."""
    org = directory.orgs.get(request.match_info["org"])
    if org is None:
        raise web.HTTPNotFound(reason="no such org")
    return org
