"""Key material in a Secret, made into a key that signs: forms, key stores, certificates."""
