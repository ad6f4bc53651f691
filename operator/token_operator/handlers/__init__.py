"""kopf, thin: what its watches tell becomes facts and queue keys."""
