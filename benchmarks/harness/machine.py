"""The machine and the state of the source that a result belongs to."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from moderado.config.env import Env

ROOT = Path(__file__).resolve().parents[2]


def machine() -> dict[str, Any]:
    """Return a description of the machine."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "settings": settings(),
    }


def settings() -> dict[str, str]:
    """Return the settings of the server that the caller's environment overrides."""
    names = (name.upper() for name in Env.model_fields)
    return {name: os.environ[name] for name in names if name in os.environ}


def commit() -> str:
    """Return the commit, with `+` if the server's source differs from it."""
    name = _git("rev-parse", "--short=10", "HEAD") or "unknown"
    return f"{name}+" if _git("status", "--porcelain", "--", "src") else name


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:  # git is not installed
        return ""
    return answer.stdout.strip()
