"""Seeds that derive from the document's one seed and from names, never from the order of work.

An image keeps its seed when another concept joins the document, so that figures stay comparable.
"""

from __future__ import annotations

import hashlib


def seed_for(seed: int, *labels: str | int) -> int:
    """Derive a seed in [0, 2**31) from a seed and labels.

    Parameters
    ----------
    seed
        The document's seed.
    labels
        What the seed is for, such as ("images", "captain comet", 3).

    """
    text = "\x1f".join((str(seed), *(str(label) for label in labels)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
