from __future__ import annotations

import io

from rich.console import Console

from lab.demo import summary
from lab.demo.clock import Clock

KEPT = {"base": {"hits": 40, "samples": 40}, "erased": {"hits": 39, "samples": 40}}
RESULT = {
    "version": 1,
    "key": "a" * 64,
    "outcome": "Built",
    "figures": {
        "erasures": [
            {
                "digest": "b" * 64,
                "base": {"hits": 63, "samples": 64},
                "images": {"hits": 0, "samples": 64},
                "clips": {"hits": 1, "samples": 40},
            }
        ],
        "preserved": KEPT,
        "holdout": KEPT,
        "neighbours": KEPT,
    },
    "seconds": {"unlearn": 7},
    "writtenByANewerJob": True,
}


def test_the_table_gives_rates_with_intervals_and_sample_sizes() -> None:
    console = Console(width=200, file=io.StringIO())
    console.print(summary.table("captain comet", RESULT, Clock(console)))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for expected in (
        "98.4 % [91.7, 99.7] of 64",
        "0.0 % [0.0, 5.7] of 64",
        "2.5 % [0.4, 12.9] of 40",
        "97.5 % of base",
    ):
        assert expected in text
    assert "unlearn" in text
