"""Target Secrets: what they should hold, whose they are, and what is to be done about each."""
