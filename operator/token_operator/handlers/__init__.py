"""kopf, thin: what its watches show becomes facts and queue keys."""
