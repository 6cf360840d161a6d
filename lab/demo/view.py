"""The live view: what `kubectl get ce,er` says, with the Job's last words."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.kubectl import KubectlError, condition_of
from lab.stage import Stage

LOG_LINES = 6


def render(stage: Stage, erasure: str) -> RenderableType:
    """Draw the present state of one erasure, its release and its Job."""
    item = stage.kubectl.find("conceptErasure", erasure, stage.namespace)
    return Group(erasure_table(item), *_log(stage))


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


def _log(stage: Stage) -> list[Text]:
    pods = stage.kubectl.list("pods", stage.namespace, "batch.kubernetes.io/job-name")
    if not pods:
        return []
    newest = max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])["metadata"]["name"]
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
