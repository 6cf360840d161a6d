"""Where the testbed keeps things: trained models in the checkout, everything else in the user's cache."""

import os
from pathlib import Path
from typing import Final

MODELS: Final = Path(__file__).parent / "models"
"""The checked-in models, one folder each, and their card."""

T2I: Final = MODELS / "t2i"
T2V: Final = MODELS / "t2v"
JUDGE_CLASSIFIER: Final = MODELS / "judge-classifier"
JUDGE_CLIP: Final = MODELS / "judge-clip"


def cache() -> Path:
    """Return the folder for data and checkpoints of a training, made if need be."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "concept-erasure" / "testbed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
