"""The live view: what `kubectl get ce,er` says, with the Job's last words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.kubectl import KubectlError, condition_of
from lab.stage import Stage

LOG_LINES = 6
JOB_LABEL = "batch.kubernetes.io/job-name"


def look(stage: Stage, erasure: str) -> tuple[dict[str, Any] | None, RenderableType]:
    """Return one erasure as it is now, None where there is none, and a picture of it with its Job's log."""
    # In one call: each of them takes a tenth of a second of a processor that the Job needs.
    found = stage.kubectl.list("conceptErasures,pods", stage.namespace)
    items = [one for one in found if one["kind"] == "ConceptErasure" and one["metadata"]["name"] == erasure]
    item = items[0] if items else None
    return item, Group(erasure_table(item), *_log(stage, [one for one in found if one["kind"] == "Pod"]))


def erasure_table(item: dict[str, Any] | None) -> Table:
    """Draw one ConceptErasure as `kubectl get` does; empty while there is none."""
    table = Table("erasure", "concept", "phase", "release", "residual", "pods", "says")
    if item:
        status = item.get("status") or {}
        says = condition_of(item, "Ready") or {}
        table.add_row(
            item["metadata"]["name"],
            item["spec"]["concept"]["name"],
            *(str(status.get(field, "")) for field in ("phase", "release", "residual", "pods")),
            f"{says.get('reason', '')}: {says.get('message', '')}" if says else "",
        )
    return table


def _log(stage: Stage, pods: Sequence[dict[str, Any]]) -> list[Text]:
    of_jobs = [pod for pod in pods if JOB_LABEL in pod["metadata"].get("labels", {})]
    if not of_jobs:
        return []
    newest = max(of_jobs, key=lambda pod: pod["metadata"]["creationTimestamp"])["metadata"]["name"]
    try:
        lines = stage.kubectl("logs", newest, "-n", stage.namespace, f"--tail={LOG_LINES}").splitlines()
    except KubectlError:
        # The container has not started yet.
        return []
    return [Text(f"  {readable(line)}", style="dim", no_wrap=True, overflow="ellipsis") for line in lines]


def readable(line: str) -> str:
    """Turn a JSON log line into its event and fields; anything else stays as it is."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    event = fields.pop("event", "")
    rest = " ".join(f"{key}={value}" for key, value in fields.items() if key not in ("level", "timestamp"))
    return f"{event} {rest}"
