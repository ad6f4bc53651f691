"""``python -m token_operator``: the same as ``salesforce-token-operator``."""

import sys

from token_operator.cli.operator import main

if __name__ == "__main__":
    sys.exit(main())
