"""kubectl as a library: what the demo does is what a person would type."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lab.errors import LabError

T = TypeVar("T")
POLL_SECONDS = 0.3


class KubectlError(LabError):
    """kubectl refused; the message is its own."""


class Kubectl:
    """One kubectl binary on one cluster."""

    def __init__(self, binary: str, kubeconfig: Path) -> None:
        self._command = [binary, f"--kubeconfig={kubeconfig}"]

    def __call__(self, *args: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run to the end and return standard output.

        Raises
        ------
        KubectlError
            A non-zero exit; the message is what kubectl wrote to standard error.
        """
        done = subprocess.run(
            [*self._command, *args], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            raise KubectlError(done.stderr.strip() or f"kubectl {' '.join(args)} failed without a word")
        return done.stdout

    def apply(self, manifests: str) -> None:
        """Apply manifests, as `kubectl apply --server-side -f -`."""
        self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifests)

    def find(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """Return one object, or None where there is none."""
        text = self("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """Return all objects of a kind in a namespace."""
        chosen = ["-l", selector] if selector else []
        return list(json.loads(self("get", kind, "-n", namespace, "-o", "json", *chosen))["items"])

    def wait(self, condition: str, kind: str, name: str, namespace: str, seconds: float) -> dict[str, Any]:
        """Watch one object until it meets a condition of `kubectl wait --for`, and return it.

        A condition of an older generation does not count.

        Raises
        ------
        KubectlError
            There is no such object.
        LabError
            The deadline passed; the message names what was waited for.
        """
        # Of 0 kubectl would look once, and call a deadline that passed by another name.
        wanted = (f"--for={condition}", f"--timeout={max(seconds, 0.1):.1f}s", "-o", "json")
        try:
            text = self("wait", f"{kind}/{name}", "-n", namespace, *wanted, timeout=seconds + 30)
        except KubectlError as error:
            if "timed out" not in str(error):
                raise
            raise LabError(f"waited {seconds:.0f} s for {kind}/{name} to meet {condition}") from error
        return dict(json.loads(text))

    @contextmanager
    def port_forward(self, resource: str, port: int, namespace: str) -> Iterator[str]:
        """Forward a free port on loopback and yield its base URL.

        Raises
        ------
        KubectlError
            The forward did not come up within 15 seconds.
        """
        process = subprocess.Popen(
            [*self._command, "port-forward", "-n", namespace, "--address=127.0.0.1", resource, f":{port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "KUBECTL_PORT_FORWARD_WEBSOCKETS": "true"},
        )
        try:
            yield f"http://127.0.0.1:{_forwarded_port(process)}"
        finally:
            process.terminate()
            process.wait(timeout=10)
            if process.stdout:
                process.stdout.close()


def _forwarded_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    if not found:
        raise KubectlError(f"kubectl port-forward: {line.strip() or 'ended at once'}")
    return int(found.group(1))


def wait_until(what: str, condition: Callable[[], T | None], seconds: float) -> T:
    """Ask again and again until the condition returns something true.

    Raises
    ------
    LabError
        The deadline passed; the message names what was waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL_SECONDS)


def condition_of(item: dict[str, Any] | None, kind: str) -> dict[str, Any] | None:
    """Return one condition of an object's status, or None."""
    conditions: Sequence[dict[str, Any]] = ((item or {}).get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), None)
