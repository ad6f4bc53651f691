"""The API server: raw resources to domain values and back. The only user of ``kubernetes``."""
