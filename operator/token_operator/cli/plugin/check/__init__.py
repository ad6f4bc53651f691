"""``kubectl salesforce check``: the command, its steps, and the run through them."""
