"""What the benchmark ran on."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from cluster.binaries import kubernetes_version


def describe() -> dict[str, str]:
    """Return processor, memory, load and versions, in words."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": _memory(),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Kubernetes": kubernetes_version(),
        "operator": version("salesforce-token-operator"),
    }


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return f"{int(found.group(1)) / 1024**2:.0f} GiB" if found else "unknown"
