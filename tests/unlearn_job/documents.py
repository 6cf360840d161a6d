"""A valid document without models behind it, free of torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.key import release_key

DIGEST = "d" * 64


def fields(**more: Any) -> dict[str, Any]:
    """Return a document as plain data, camelCase."""
    return {
        "model": "media.storyboard",
        "key": release_key(parent=None, adds=[DIGEST]),
        "base": {"surrogate": "file:///models/t2i", "pipeline": "file:///models/t2v"},
        "adds": [
            {"digest": DIGEST, "name": "takedown-117", "concept": {"name": "cat", "aliases": ["kitty"]}}
        ],
        "judge": {"type": "classifier", "source": "file:///models/judge"},
        "storage": {"uri": "file:///releases"},
        **more,
    }


def document(**more: Any) -> JobInput:
    return JobInput.model_validate(fields(**more))


def write(folder: Path, content: dict[str, Any] | str) -> Path:
    path = folder / "document.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path
