"""``kubectl salesforce keygen`` and ``rotate-key``: new keys, and what to upload."""
