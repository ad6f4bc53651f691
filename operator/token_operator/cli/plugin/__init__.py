"""``kubectl salesforce``: what people do with connections, one file for each command."""
