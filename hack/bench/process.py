"""What a process has used, as the kernel counts it."""

import time
from dataclasses import dataclass
from pathlib import Path

_KIB_IN_MIB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MiB: the most there ever was, what is there now, and our share of that."""

    peak: float
    resident: float
    proportional: float


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, all its threads, ended ones too."""
    # The clock of another process, as clock_getcpuclockid(3) makes its number; /proc/<pid>/stat
    # counts in steps of 10 ms.
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int) -> Memory:
    """Return the memory that a process uses."""
    status = _fields(Path(f"/proc/{pid}/status"))
    shares = _fields(Path(f"/proc/{pid}/smaps_rollup"))
    return Memory(_mib(status["VmHWM"]), _mib(status["VmRSS"]), _mib(shares["Pss"]))


def _fields(file: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in file.read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def _mib(kib: str) -> float:
    return int(kib.removesuffix(" kB")) / _KIB_IN_MIB
