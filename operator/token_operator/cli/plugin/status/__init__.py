"""``kubectl salesforce status``: the command, the report, and the pods that read targets."""
