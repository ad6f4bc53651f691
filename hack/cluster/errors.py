"""What can go wrong with the local control plane, each with its remedy."""


class ClusterError(Exception):
    """The control plane cannot be built, started or stopped."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.args[0]}\n{self.remedy}"
