"""``kubectl salesforce``: one module or package for each command, beside what they share."""
