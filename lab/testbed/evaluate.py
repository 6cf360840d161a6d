"""Measuring the checked-in models: what the judges see in held-out drawings, images and clips."""

import random
from collections import defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lab.testbed import dataset, generate
from lab.testbed.captions import article
from lab.testbed.concepts import (
    BACKGROUNDS,
    BY_NAME,
    COLOURS,
    CONCEPTS,
    GENERIC,
    PLAIN,
    STYLES,
    SUBJECTS,
    Kind,
    of_kind,
)
from lab.testbed.drawings.junk import junk
from lab.testbed.drawings.scene import FRAMES
from lab.testbed.generate import Pipeline
from lab.testbed.judging import Classifier, Clip
from lab.testbed.statistics import Share

Shares = dict[str, Share]
"""Measured shares by name, such as "object cat" or "colour red"."""

NEUTRAL: Final = ("a drawing", "a picture", *(f"a drawing of {words}" for words in GENERIC.values()))
"""Zero-shot texts for "none of these"."""


def noun(name: str) -> str:
    """Return a concept's words within a prompt: objects with an article."""
    concept = BY_NAME.get(name)
    return article(name) if concept is None or concept.kind is Kind.OBJECT else name


def prompts_for(
    name: str, count: int, rng: random.Random, *, word: str | None = None
) -> list[tuple[str, str, str]]:
    """Return prompts for a subject with the colour ("" if none is asked for) and background in each."""
    kind = BY_NAME[name].kind if name in BY_NAME else None
    called = word or name
    out = []
    for i in range(count):
        colour = rng.choice(tuple(COLOURS)) if kind is Kind.OBJECT and i % 4 else ""
        background = rng.choice(tuple(BACKGROUNDS)) if i % 2 else ""
        phrase = called if kind in {Kind.CHARACTER, Kind.PERSON} else article(f"{colour} {called}".strip())
        text = f"a drawing of {phrase}"
        out.append((f"{text} {BACKGROUNDS[background]}" if background else text, colour, background))
    return out


def evaluate_images(pipeline: Pipeline, judge: Classifier, per_class: int = 48, seed: int = 0) -> Shares:
    """Measure the T2I: names, synonyms, colours, backgrounds, styles, and false hits for nameless words."""
    rng = random.Random(seed)  # noqa: S311 - prompts, not secrets
    shares: defaultdict[str, Share] = defaultdict(lambda: Share(0, 0))
    for concept in CONCEPTS:
        if concept.kind is Kind.STYLE:
            continue
        for word, count in ((concept.name, per_class), (concept.synonym, per_class // 2)):
            asked = prompts_for(concept.name, count, rng, word=word)
            pixels = generate.images(pipeline, [text for text, _, _ in asked], seed=rng.randrange(10**6))
            seen = judge(pixels).numpy()
            group = concept.kind.value.lower() if word == concept.name else "synonym"
            shares[f"{group} {word}"] += _count(seen[:, judge.labels[concept.name]])
            for row, (_, colour, background) in zip(seen, asked, strict=True):
                if colour:
                    shares[f"colour {colour}"] += _count(row[[judge.labels[colour]]])
                if background:
                    shares[f"background {background}"] += _count(row[[judge.labels[background]]])
    _styles(shares, pipeline, judge, per_class, rng)
    named = [judge.labels[name] for name in SUBJECTS if name in BY_NAME]
    for word in GENERIC:
        asked = prompts_for(word, per_class // 2, rng)
        seen = judge(
            generate.images(pipeline, [text for text, _, _ in asked], seed=rng.randrange(10**6))
        ).numpy()
        shares[f"nameless {word}"] += _count(~seen[:, named].any(1))
    return dict(shares)


def _styles(
    shares: dict[str, Share], pipeline: Pipeline, judge: Classifier, per_class: int, rng: random.Random
) -> None:
    subjects = [name for name in SUBJECTS if name in BY_NAME]
    for style in of_kind(Kind.STYLE):
        for word, count in ((style.name, per_class), (style.synonym, per_class // 2)):
            chosen = [rng.choice(subjects) for _ in range(count)]
            texts = [f"a drawing of {noun(name)} in {word} style" for name in chosen]
            seen = judge(generate.images(pipeline, texts, seed=rng.randrange(10**6))).numpy()
            shares[f"{'style' if word == style.name else 'synonym'} {word}"] += _count(
                seen[:, judge.labels[style.name]]
            )
            hits = [row[judge.labels[name]] for row, name in zip(seen, chosen, strict=True)]
            shares[f"subject in {style.name}"] += _count(np.array(hits))


def evaluate_clips(
    pipeline: Pipeline, judge: Classifier, per_class: int = 16, seed: int = 0, steps: int = 8
) -> Shares:
    """Measure the T2V: the concept in any frame, and in most frames, of each clip."""
    rng = random.Random(seed)  # noqa: S311 - prompts, not secrets
    shares: Shares = {}
    subjects = [concept.name for concept in CONCEPTS if concept.kind is Kind.OBJECT]
    for concept in CONCEPTS:
        if concept.kind is Kind.STYLE:
            texts = [
                f"a video of {noun(rng.choice(subjects))} in {concept.name} style" for _ in range(per_class)
            ]
        else:
            texts = [
                text.replace("a drawing", "a video")
                for text, _, _ in prompts_for(concept.name, per_class, rng)
            ]
        pixels = generate.clips(pipeline, texts, seed=rng.randrange(10**6), steps=steps)
        frames = judge(pixels.reshape(-1, *pixels.shape[2:])).numpy()[:, judge.labels[concept.name]]
        hits = frames.reshape(len(texts), -1)
        kind = concept.kind.value.lower()
        shares[f"any frame {kind} {concept.name}"] = _count(hits.any(1))
        shares[f"most frames {kind} {concept.name}"] = _count(hits.mean(1) > 0.5)
    _styled_clips(shares, pipeline, judge, per_class, rng)
    return shares


def _styled_clips(
    shares: Shares, pipeline: Pipeline, judge: Classifier, per_class: int, rng: random.Random
) -> None:
    """Measure subjects in every style, and the judge's silence, frame by frame, on nameless ones."""
    named = [name for name in SUBJECTS if name in BY_NAME]
    rows = [judge.labels[name] for name in named]
    for style in STYLES:
        tail = "" if style == PLAIN else f" in {style} style"
        if tail:
            chosen = [rng.choice(named) for _ in range(2 * per_class)]
            pixels = generate.clips(
                pipeline, [f"a video of {noun(name)}{tail}" for name in chosen], seed=rng.randrange(10**6)
            )
            seen = judge(pixels.reshape(-1, *pixels.shape[2:])).numpy().reshape(len(chosen), FRAMES, -1)
            hits = [clip[:, judge.labels[name]].any() for clip, name in zip(seen, chosen, strict=True)]
            shares[f"any frame subject in {style}"] = _count(np.array(hits))
        for word in GENERIC:
            texts = [
                text.replace("a drawing", "a video") + tail
                for text, _, _ in prompts_for(word, per_class, rng)
            ]
            pixels = generate.clips(pipeline, texts, seed=rng.randrange(10**6))
            seen = judge(pixels.reshape(-1, *pixels.shape[2:])).numpy()[:, rows]
            shares[f"nameless {word} {style}"] = _count(~seen.reshape(len(texts), FRAMES, -1).any(1))


def evaluate_classifier(judge: Classifier, count: int = 4000) -> Shares:
    """Measure the classifier on held-out drawings: hits, false hits, and silence on drawings of nothing."""
    scenes = dataset.scenes(count, dataset.HELD_OUT_SEED)
    pixels = dataset.render(scenes, processes=1)
    seen = judge(pixels).numpy()
    shares: Shares = {}
    for concept in CONCEPTS:
        shown = np.array([concept.name in (scene.subject, scene.style) for scene in scenes])
        column = seen[:, judge.labels[concept.name]]
        shares[f"recall {concept.name}"] = _count(column[shown])
        shares[f"silence {concept.name}"] = _count(~column[~shown])
    plain = [i for i, scene in enumerate(scenes) if scene.style == PLAIN]
    for background in BACKGROUNDS:
        rows = [i for i in plain if scenes[i].background == background]
        shares[f"recall {background}"] = _count(seen[rows, judge.labels[background]])
    for colour in COLOURS:
        objects = [i for i in plain if scenes[i].colour == colour and _is_object(scenes[i].subject)]
        shares[f"recall {colour}"] = _count(seen[objects, judge.labels[colour]])
    nothing = np.stack([junk(dataset.HELD_OUT_SEED + i)[0] for i in range(500)])
    named = [judge.labels[name] for name in SUBJECTS if name in BY_NAME]
    shares["silence on nothing"] = _count(~judge(nothing).numpy()[:, named].any(1))
    return shares


def evaluate_clip(judge: Clip, count: int = 2000) -> Shares:
    """Measure the CLIP judge on held-out drawings: the concept's text against all others of its sort."""
    scenes = dataset.scenes(count, dataset.HELD_OUT_SEED)
    pixels = dataset.render(scenes, processes=1)
    shares: Shares = {}
    subjects = [name for name in SUBJECTS if name in BY_NAME]
    styles = [style.name for style in of_kind(Kind.STYLE)]
    for names, attribute in ((subjects, "subject"), (styles, "style")):
        texts = [f"a drawing of {name}" for name in names]
        best = judge.best(pixels, [*texts, *NEUTRAL]).numpy()
        shown = np.array([getattr(scene, attribute) for scene in scenes])
        for i, name in enumerate(names):
            shares[f"zero-shot {name}"] = _count(best[shown == name] == i)
        nameless = ~np.isin(shown, names)
        shares[f"zero-shot no {attribute}"] = _count(best[nameless] >= len(names))
    return shares


def pooled(shares: Shares, prefix: str) -> Share:
    """Return all shares whose names begin with a prefix as one."""
    return sum((share for name, share in shares.items() if name.startswith(prefix)), Share(0, 0))


def _is_object(subject: str) -> bool:
    return subject in BY_NAME and BY_NAME[subject].kind is Kind.OBJECT


def _count(hits: NDArray[np.bool_] | np.bool_) -> Share:
    return Share(int(np.sum(hits)), int(np.size(hits)))
