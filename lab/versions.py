"""The versions and names that the lab is made of."""

from typing import Final

KUBERNETES_VERSION: Final = "1.37.2"
"""Served Kubernetes version; ``lab/kubernetes/go.mod`` requires the same one (a test compares them)."""

GO_MINIMUM: Final = (1, 26)
"""Oldest Go (major, minor) that compiles ``lab/kubernetes``, as its go.mod says."""

STATE_FORMAT: Final = 1
"""Format of the state folder. A folder of another format is taken down and made anew."""

NODE_NAME: Final = "lab"
"""Name of the only node."""

GPU_RESOURCE: Final = "nvidia.com/gpu"
GPU_COUNT: Final = 2
"""GPUs that the node offers to the scheduler. There is no device behind them."""

BUCKET: Final = "checkpoints"
"""S3 bucket that the lab creates."""

CLUSTER_DOMAIN: Final = "cluster.local"

DEBIAN_SUITE: Final = "bookworm"
"""Debian release of the images' base in the lab; its Python is the one of :data:`PYTHON_VERSION`."""

PYTHON_VERSION: Final = "3.11"
"""Python of the images' base and of the mounted dependencies: their binary wheels must agree."""
