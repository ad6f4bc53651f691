"""Which of two versions of a resource is the later one."""


def is_later(seen: str, known: str) -> bool:
    """Whether *seen* is a later version than *known* (versions count up since Kubernetes 1.35)."""
    try:
        return int(seen) > int(known)
    except ValueError:
        return seen != known
