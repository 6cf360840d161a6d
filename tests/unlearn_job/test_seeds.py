from __future__ import annotations

from unlearn_job.seeds import seed_for


def test_a_seed_depends_on_every_label_and_on_nothing_else() -> None:
    seed = seed_for(7, "images", "cat", 0)
    assert seed == seed_for(7, "images", "cat", 0)
    others = {
        seed_for(8, "images", "cat", 0),
        seed_for(7, "clips", "cat", 0),
        seed_for(7, "images", "dog", 0),
        seed_for(7, "images", "cat", 1),
        seed_for(7, "imagesc", "at", 0),
    }
    assert len({seed, *others}) == 6


def test_seeds_fit_a_document() -> None:
    assert all(0 <= seed_for(i, "x") < 2**31 for i in range(100))
