"""The cluster's one node: when it is Ready, and the GPUs it claims to have."""

from typing import Any

from lab.api import Api
from lab.versions import GPU_COUNT, GPU_RESOURCE, NODE_NAME

__all__ = ["has_gpus", "is_ready", "offer_gpus"]

PATH = f"/api/v1/nodes/{NODE_NAME}"


def is_ready(api: Api) -> bool:
    """Whether the node exists and its kubelet says that it is Ready."""
    node = api.get(PATH) or {}
    conditions: list[dict[str, Any]] = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def has_gpus(api: Api) -> bool:
    """Whether the scheduler may already place pods that ask for a GPU."""
    status = (api.get(PATH) or {}).get("status", {})
    wanted = str(GPU_COUNT)
    return all(status.get(part, {}).get(GPU_RESOURCE) == wanted for part in ("capacity", "allocatable"))


def offer_gpus(api: Api) -> None:
    """Add the GPUs to the node's capacity, as a device plugin would."""
    # "/" in a name is "~1" in a JSON pointer; "add" also replaces what is there.
    name = GPU_RESOURCE.replace("/", "~1")
    paths = [f"/status/{part}/{name}" for part in ("capacity", "allocatable")]
    api.patch_json(f"{PATH}/status", [{"op": "add", "path": path, "value": str(GPU_COUNT)} for path in paths])
