"""The most memory of one run, of many in one process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

import torch

MEBIBYTE: Final = 2**20
_PROC: Final = Path("/proc/self")


def reset(device: torch.device) -> None:
    """Begin to measure anew, on the GPU and, where the system can (Linux), in main memory."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        # 5: the peak of the resident memory (proc_pid_clear_refs(5)).
        (_PROC / "clear_refs").write_text("5")
    except OSError:
        return


def mebibytes(device: torch.device) -> int:
    """Return the most since `reset`: of the GPU where there is one, else of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) // MEBIBYTE
    try:
        lines = (_PROC / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) // 1024
    except (OSError, StopIteration, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most // MEBIBYTE if sys.platform == "darwin" else most // 1024
