"""The card of a data set: what is in it, how it was made, and how to read it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from unlearn_job.contract.figures import Tally
from unlearn_job.dataset.folder import Tried
from unlearn_job.dataset.recipe import Anchor, Recipe


def card(recipe: Recipe, tried: Sequence[Tried]) -> str:
    """Return README.md as the Hub reads it: YAML in front, then Markdown."""
    kept = sum(one.kept for one in tried)
    lines = [
        "---",
        "pretty_name: Generations of concepts, confirmed by a judge",
        "task_categories: [text-to-image, image-classification]",
        f"size_categories: [{_size(kept)}]",
        "tags: [concept-erasure, unlearning, synthetic]",
        "---",
        "",
        "# Generations of concepts, confirmed by a judge",
        "",
        f"{kept} pictures of {len(recipe.anchors)} concepts. A text-to-image model drew them, and a judge",
        "saw the concept in every one; black, flat and noisy pictures are left out. What the model was",
        "trained on decides what may be done with them.",
        "",
        "| concept | kind | seen in drawn [95 % interval] | kept of given |",
        "| --- | --- | --- | --- |",
        *(_row(anchor, tried) for anchor in recipe.anchors),
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'pictures = load_dataset("imagefolder", data_dir=".", split="train")',
        "```",
        "",
        "Columns: `image`, `text` (the prompt), `concept`, `kind`, `seed`, `source` (`generated`,",
        "`variation` of a given picture, or `given`). `tried.jsonl` lists what the judge turned down too,",
        "and what it saw beyond the number that was wanted.",
        "",
        "## Made from",
        "",
        f"`unlearn-job dataset`, recipe `{recipe.digest[:10]}` (`recipe.json`, with all prompts); the same",
        "recipe makes the same pictures on the same machine.",
        "",
        f"- drawn by `{recipe.surrogate}`",
        f"- {recipe.steps} steps, guidance {recipe.guidance}, seed {recipe.seed}",
        f"- judged by `{recipe.judge.source}` ({recipe.judge.type.value})",
        *([f"- prompts written by `{recipe.language_model}`"] if recipe.language_model else []),
        "",
    ]
    return "\n".join(lines)


def _row(anchor: Anchor, tried: Sequence[Tried]) -> str:
    own = [one for one in tried if (one.concept, one.kind) == (anchor.name, anchor.kind.value)]
    drawn = [one.shows for one in own if one.source != "given"]
    given = [one.kept for one in own if one.source == "given"]
    tally = Tally(hits=sum(drawn), samples=len(drawn))
    low, high = tally.wilson()
    name = json.dumps(anchor.name, ensure_ascii=False)[1:-1].replace("|", "\\|")
    return (
        f"| {name} | {anchor.kind.value} | {tally.hits}/{tally.samples} "
        f"[{100 * low:.1f}, {100 * high:.1f}] % | {sum(given)}/{len(given)} |"
    )


def _size(count: int) -> str:
    for most, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if count < most:
            return name
    return "100K<n<1M"
