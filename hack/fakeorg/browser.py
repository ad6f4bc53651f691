"""A browser for tests: reads the approval page, chooses a user and presses a button.

It runs no JavaScript, follows no redirect and sends what the HTML of the form says.
"""

from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

_Attributes = list[tuple[str, str | None]]


class _FormReader(HTMLParser):
    """What a page holds of a form with one select."""

    def __init__(self) -> None:
        super().__init__()
        self.method: str | None = None
        self.action = ""
        self.select = ""
        self.options: list[str] = []
        self.selected: str | None = None
        self.buttons: dict[str, str] = {}  # name by value

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        found = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self.method, self.action = found.get("method", "get"), found.get("action", "")
            case "select":
                self.select = found["name"]
            case "option":
                self.options.append(found["value"])
                if "selected" in found or self.selected is None:
                    self.selected = found["value"]
            case "button":
                self.buttons[found["value"]] = found["name"]
            case _:
                pass


class Page:
    """One page that was loaded."""

    def __init__(self, http: httpx.Client, answer: httpx.Response) -> None:
        self.answer: Final = answer
        self._http = http
        self._form = _FormReader()
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            self._form.feed(answer.text)

    @property
    def users(self) -> list[str]:
        """The usernames that can be chosen."""
        return self._form.options

    @property
    def chosen(self) -> str | None:
        """The username that is chosen when the page opens."""
        return self._form.selected

    def press(self, button: str, username: str | None = None) -> httpx.Response:
        """Choose a user (or leave the choice), press a button and return the answer."""
        form = self._form
        fields = {form.buttons[button]: button}
        user = username or form.selected
        if user is not None:
            fields[form.select] = user
        url = urljoin(str(self.answer.url), form.action) if form.action else str(self.answer.url)
        return self._http.request((form.method or "get").upper(), url, data=fields)


def sent_back(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Return the address a redirect leads to, without its query, and the decoded query."""
    location = urlsplit(answer.headers["Location"])
    address = f"{location.scheme}://{location.netloc}{location.path}"
    return address, dict(parse_qsl(location.query, keep_blank_values=True))
