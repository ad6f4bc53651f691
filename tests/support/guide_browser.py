"""The browser of a reader who allows the access: a program for the variable BROWSER."""

import os
import ssl
import sys

import httpx


def main() -> int:
    """Allow the access at the URL, and go where Salesforce sends the browser."""
    form = {"username": os.environ["APPROVING_USER"], "decision": "allow"}
    with httpx.Client(verify=ssl.create_default_context(), timeout=10) as http:
        answer = http.post(sys.argv[1], data=form)
        if answer.status_code != 302:
            return 1
        return 0 if http.get(answer.headers["Location"]).status_code == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
