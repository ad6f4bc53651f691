"""Become another program that dies when its parent dies.

Usage: launcher.py PARENT_PID PROGRAM [ARGUMENT...]

The kernel keeps the parent-death signal across exec, so that the program needs
to know nothing of it. A hook between fork and exec would do as well, but is not
safe in a process with threads, which a test run is. Uses the standard library only:
it is started by path, in isolated mode.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process to its parent, then run the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the signal was asked for: then nobody would send it.
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(program, sys.argv[2:])  # noqa: S606 - to become that program is its purpose


main()
