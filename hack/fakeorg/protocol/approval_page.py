"""The HTML of the approval page; it needs no JavaScript.

The form has no action: it posts to the address it was fetched from, whose query carries the
parameters of the request.
"""

from collections.abc import Iterable
from html import escape
from typing import Final

from fakeorg.model.app import AppState
from fakeorg.model.exchange import Answer, text_answer

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 28rem; margin: 4rem auto; padding: 0 1rem }}
button, select {{ font: inherit; padding: .4rem 1rem; margin: .5rem .5rem .5rem 0 }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""
_FORM: Final = """\
<p>The app <strong>{app}</strong> is asking to:</p>
<ul>{scopes}</ul>
<form method="post">
<p><label for="username">Log in as</label><br>
<select id="username" name="username">{users}</select></p>
<p><button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button></p>
</form>"""


def approval_page(
    app: AppState, scopes: Iterable[str], usernames: Iterable[str], chosen: str | None
) -> Answer:
    """Return the page on which a user allows or denies an app to act in their name."""
    content = _FORM.format(
        app=escape(app.name),
        scopes="".join(f"<li>{escape(scope)}</li>" for scope in scopes),
        users="".join(_option(name, chosen=name == chosen) for name in usernames),
    )
    return _page(200, "Allow Access?", content)


def error_page(error: str, description: str) -> Answer:
    """Return the page for a request that may not be answered at its redirect URI."""
    text = f"error={escape(error)}&amp;error_description={escape(description)}"
    return _page(400, "OAuth Error", f"<p>{text}</p>")


def success_page() -> Answer:
    """Return the page that Salesforce offers as a redirect URI."""
    content = "<p>Remote access application authorization succeeded.</p>"
    return _page(200, "Authorization Success", content)


def _option(username: str, *, chosen: bool) -> str:
    selected = " selected" if chosen else ""
    return f'<option value="{escape(username)}"{selected}>{escape(username)}</option>'


def _page(status: int, title: str, content: str) -> Answer:
    html = _PAGE.format(title=title, content=content)
    return text_answer(status, html, "text/html").with_header("Cache-Control", "no-store")
