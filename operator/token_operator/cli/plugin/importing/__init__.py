"""``kubectl salesforce import``: the command and the settings document."""
