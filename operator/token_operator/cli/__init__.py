"""The command lines: the operator's own, and the kubectl plugin's."""
