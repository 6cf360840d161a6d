"""The running lab: what a person can do on it, and that it comes back whatever is killed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import time

import pytest
from rich.console import Console

from lab import cluster, leftovers, process
from lab.kubectl import Kubectl, KubectlError, wait_until
from lab.paths import Paths
from lab.process import ProcessRecord
from lab.progress import Progress
from lab.state import LabState

pytestmark = pytest.mark.cluster

NAMESPACE = "lab-test"
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: %s, namespace: lab-test}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: job
        image: concept-erasure/busybox:lab
        imagePullPolicy: Never
        command: [sh, -c, "echo done; echo built > /dev/termination-log"]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


def up() -> LabState:
    return cluster.up(progress=Progress(quiet=True))


def running() -> dict[str, ProcessRecord]:
    records = {path.stem: process.find(path) for path in Paths.default().processes.glob("*.json")}
    return {name: found for name, found in records.items() if found}


def kill(*found: ProcessRecord) -> None:
    for one in found:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
            os.kill(one.pid, signal.SIGKILL)
    wait_until("the killed to end", lambda: not any(process.alive(one) for one in found), 20)


def kill_everything() -> None:
    """Kill daemons and shims, also those that containerd started while the others died."""
    while found := list(process.owned(Paths.default().state)):
        kill(*found)


def run_job(kubectl: Kubectl, name: str) -> str:
    kubectl.apply(JOB % name)
    kubectl("-n", NAMESPACE, "wait", "--for=condition=Complete", f"job/{name}", "--timeout=90s", timeout=100)
    (pod,) = kubectl.list("pods", NAMESPACE, f"job-name={name}")
    message: str = pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    return message


def fetch(kubectl: Kubectl) -> str:
    return kubectl(
        "-n", NAMESPACE, "exec", "shell", "--", "wget", "-qO-", f"http://web.{NAMESPACE}.svc.cluster.local"
    )


def test_a_second_up_changes_nothing(lab_state: LabState) -> None:
    before = running()
    assert up() == lab_state
    assert running() == before


def test_a_job_runs_and_its_termination_message_is_read(shell: Kubectl) -> None:
    assert run_job(shell, "first") == "built\n"


def test_logs_and_exec_reach_the_node(shell: Kubectl) -> None:
    assert shell("-n", NAMESPACE, "logs", "shell") == "started\n"
    assert fetch(shell) == "hello\n"


def test_a_port_is_forwarded(shell: Kubectl) -> None:
    import httpx

    with shell.port_forward("service/web", 80, NAMESPACE) as url:
        assert httpx.get(url).text == "hello\n"


def test_a_deployment_rolls(shell: Kubectl) -> None:
    patch = json.dumps({"spec": {"template": {"metadata": {"labels": {"round": str(time.time_ns())}}}}})
    shell("-n", NAMESPACE, "patch", "deployment", "web", "-p", patch)
    shell("-n", NAMESPACE, "rollout", "status", "deployment/web", "--timeout=90s", timeout=100)


def test_restricted_pod_security_is_enforced(shell: Kubectl) -> None:
    pod = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "root", "namespace": NAMESPACE},
            "spec": {"containers": [{"name": "c", "image": "concept-erasure/busybox:lab"}]},
        }
    )
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        shell("apply", "-f", "-", stdin=pod)


def test_running_pods_outlive_the_death_of_every_daemon(shell: Kubectl, lab_state: LabState) -> None:
    before = shell.find("pod", "shell", NAMESPACE)
    kill(*running().values())
    assert not cluster.status().healthy
    assert up() == lab_state
    after = shell.find("pod", "shell", NAMESPACE)
    assert before is not None
    assert after is not None
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    assert run_job(shell, "after-daemons") == "built\n"
    assert fetch(shell) == "hello\n"


def test_pods_start_again_after_everything_was_killed(shell: Kubectl, lab_state: LabState) -> None:
    # As after a reset of the machine: mounts, bridge, packet filter chains and control groups stay behind.
    kill_everything()
    assert leftovers.shims(Paths.default()) == []
    assert up() == lab_state

    def works() -> bool:
        try:
            return fetch(shell) == "hello\n"
        except KubectlError:
            return False

    wait_until("the pods to run again", works, 120)
    node = json.loads(shell("get", "node", lab_state.node, "-o", "json"))
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "2"


def test_a_lab_beyond_repair_is_made_anew(lab_state: LabState) -> None:
    """Runs last but one (see conftest.py): what was in the cluster is gone after it."""
    paths = Paths.default()
    kill_everything()
    for file in (paths.state / "etcd").rglob("*.wal"):
        file.write_bytes(b"torn" * 1000)
    log = io.StringIO()
    cluster.up(progress=Progress(Console(file=log)))
    assert "cannot be repaired" in log.getvalue()
    assert cluster.status().healthy
