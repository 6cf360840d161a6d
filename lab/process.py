"""Processes that outlive the command that started them, and are found again.

A process is known by its id, the kernel's start time of it, and the boot it
was started in: an id alone may belong to somebody else by the time of the
next command. Nothing is ever found or ended by name.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.paths import write_private

__all__ = ["OWNER_VARIABLE", "ProcessRecord", "alive", "end", "find", "owned", "read", "start"]

OWNER_VARIABLE: Final = "CONCEPT_ERASURE_LAB_STATE"
"""Environment variable in every process of a lab (containerd's shims inherit it): its state folder."""

LOG_LIMIT: Final = 50_000_000
"""Bytes after which a log starts anew when its component is next started."""


class ProcessRecord(BaseModel):
    """One started process, as it stands in ``processes/<name>.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    start_ticks: int
    """Start time in clock ticks since boot (field 22 of ``/proc/<pid>/stat``)."""
    boot_id: str
    """``/proc/sys/kernel/random/boot_id`` at the start."""
    digest: str
    """Digest of what it runs: its program, arguments and configuration."""


def start(
    name: str,
    argv: Sequence[str],
    *,
    owner: Path,
    log: Path,
    record: Path,
    digest: str,
    environment: Mapping[str, str],
) -> ProcessRecord:
    """Start a daemon: own session, nothing of the terminal, output appended to its log.

    Parameters
    ----------
    name
        What it is called, for the log.
    owner
        State folder of the lab, put into :data:`OWNER_VARIABLE`.
    log, record
        Files to append output to and to write the record to.
    digest
        Kept in the record, so that the next command sees whether the process runs what it would start.
    environment
        Variables on top of PATH and HOME. Proxies and secrets of the shell are left out.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.unlink()
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("ab") as output:
        output.write(f"--- {name} started {time.strftime('%FT%T%z')}\n".encode())
        output.flush()
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=owner,
            env={**kept, OWNER_VARIABLE: str(owner), **environment},
        )
    # The lab's command ends before its daemons; without this, Popen would warn about each of them.
    child.returncode = 0
    found = ProcessRecord(
        pid=child.pid, start_ticks=_start_ticks(child.pid) or 0, boot_id=_boot_id(), digest=digest
    )
    write_private(record, found.model_dump_json())
    return found


def read(record: Path) -> ProcessRecord | None:
    """Return a record, or None where there is none that can be read."""
    try:
        return ProcessRecord.model_validate_json(record.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def alive(process: ProcessRecord) -> bool:
    """Whether exactly this process still runs (a zombie does not)."""
    return process.boot_id == _boot_id() and _start_ticks(process.pid) == process.start_ticks


def find(record: Path) -> ProcessRecord | None:
    """Return the record of a process that still runs, else None."""
    process = read(record)
    return process if process and alive(process) else None


def owned(owner: Path) -> Iterator[ProcessRecord]:
    """Find all running processes that carry the lab's mark, recorded or not.

    A record can be missing: the command was killed between the start and the
    write, or the state folder was deleted under a running lab.
    """
    mark = f"{OWNER_VARIABLE}={owner}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in _environment(entry).split(b"\0") and (ticks := _start_ticks(int(entry.name))):
                yield ProcessRecord(pid=int(entry.name), start_ticks=ticks, boot_id=_boot_id(), digest="")


def end(processes: Iterable[ProcessRecord], *, grace_seconds: float) -> None:
    """End processes: ask all of them at once, and after the grace period kill those that are left.

    Returns when none of them runs any more.
    """
    left = [process for process in processes if alive(process)]
    _signal(left, signal.SIGTERM)
    left = _wait(left, grace_seconds)
    _signal(left, signal.SIGKILL)
    _wait(left, 10)


def _signal(processes: list[ProcessRecord], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            if alive(process):
                os.kill(process.pid, number)


def _wait(processes: list[ProcessRecord], seconds: float) -> list[ProcessRecord]:
    deadline = time.monotonic() + seconds
    left = processes
    while (left := [process for process in left if alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _start_ticks(pid: int) -> int | None:
    """Start time of a process that is not a zombie; ours are reaped on the way."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in parentheses and may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _environment(entry: Path) -> bytes:
    """Read a process's environment. In the midst of an exec it seems to have none, for a moment."""
    for _ in range(20):
        if found := (entry / "environ").read_bytes():
            return found
        (entry / "exe").readlink()  # a thread of the kernel has none, and never an environment: OSError
        time.sleep(0.001)
    return b""


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
