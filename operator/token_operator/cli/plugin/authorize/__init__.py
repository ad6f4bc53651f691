"""``kubectl salesforce authorize``: the command, the approval, and the callback server."""
