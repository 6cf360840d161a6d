"""Names that a document forgot: words that draw a concept as its name does.

Of "captain comet" the base model may draw the captain for "comet" alone. A method that is told of one name
keeps the other, as every neighbour. So the Job looks for such words itself: parts of the names, and the real
words whose tokens lie nearest to them, as far as the encoder reads them like the concept. The judge says
which of those draw it. They join the erasure's aliases, unless a kept concept's name holds them, the
anchor, or a template: what a document needs is not for the Job to take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog
import torch
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.vocabulary import Ban, real_words
from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.concept import Concept, Digest, Erasure
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.erasing import Erasing, erased_names, erasings
from unlearn_job.judges.judge import Judge
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import word_ids
from unlearn_job.models import Models
from unlearn_job.nearness import NEAR, Nearness
from unlearn_job.probe.base import draw_images
from unlearn_job.probe.seen import judged
from unlearn_job.probe.subjects import Asked, Wording, alternatives, asked_plainly, listed
from unlearn_job.prompts import GENERIC, Templates, fill, mentions, names
from unlearn_job.retain import kept_concepts

WORDS: Final = 256
"""Real words, nearest first by their token embeddings, that the encoder reads."""
DRAWN: Final = 6
"""Most parts of one erasure's names that are drawn, and as many other words, nearest first."""
IMAGES: Final = 12
"""Images of each that may draw the concept."""
FIRST: Final = 4
"""Images of each before that is asked: a word of which none shows the concept draws it seldom or never."""
MOST: Final = 16
"""Most aliases of a concept, as the document's schema has it."""

Samples: TypeAlias = Mapping[str, tuple[Asked, ...]]

log = structlog.get_logger()


def find_aliases(
    models: Models, judge: Judge, doc: JobInput, erasing: Sequence[Erasing] | None = None
) -> tuple[FoundAlias, ...]:
    """Look for other names of everything that a document adds, in the base model.

    Parameters
    ----------
    models, judge, doc
        The Job's.
    erasing
        The document's erasures by the base encoder, where the caller has them already.

    Returns
    -------
    tuple of FoundAlias
        All words that the encoder takes for the concept; `joins` says which of them go.

    Raises
    ------
    UnknownConceptError
        The judge cannot judge one of the concepts.

    """
    templates, encoder = Templates.of(doc), models.base_encoder
    among, taken = alternatives(doc, listed(doc)), erased_names(doc)
    if erasing is None:
        erasing = erasings(doc, templates, encoder, models.tokenizer, kept_concepts(doc))
    found: list[FoundAlias] = []
    for one in erasing:
        # One encoder that takes a word for the name is enough to draw the concept.
        near = (_near(part, one, templates, taken) for part in models.parts)
        phrases = list(dict.fromkeys(phrase for some in near for phrase in some))
        if not phrases:
            continue
        concept = one.erasure.concept
        samples = {
            phrase: asked_plainly(
                doc,
                phrase,
                concept.kind,
                IMAGES,
                wording=Wording.ALIAS,
                purpose=("alias", concept.name, phrase),
            )
            for phrase in phrases
        }

        def counted(some: Samples, concept: Concept = concept) -> dict[str, Tally]:
            drawn = draw_images(models, models.base, doc, some)
            return {phrase: judged(*seen, judge, concept, among).shown() for phrase, seen in drawn.items()}

        texts = _needed(doc, one, templates)
        for phrase, shown in _shown(counted, samples).items():
            needed = any(mentions(text, (phrase,)) for text in texts)
            found.append(FoundAlias(digest=one.erasure.digest, name=phrase, shown=shown, needed=needed))
    for alias in found:
        log.info(
            "word reads like an erased concept",
            word=alias.name,
            shown=f"{alias.shown.hits}/{alias.shown.samples}",
            erased=alias.joins,
        )
    return tuple(found)


def _shown(counted: Callable[[Samples], dict[str, Tally]], samples: Samples) -> dict[str, Tally]:
    """Count a few images of each word first, and the others of those that show the concept at all."""
    first = counted({word: some[:FIRST] for word, some in samples.items()})
    more = counted({word: samples[word][FIRST:] for word, shown in first.items() if shown.hits})
    return {word: shown + more[word] if word in more else shown for word, shown in first.items()}


def with_aliases(doc: JobInput, found: Iterable[FoundAlias]) -> JobInput:
    """Return the document with what was found; digests and key stay, as the document is what was asked."""
    joining: dict[Digest, tuple[str, ...]] = {}
    for alias in found:
        if alias.joins:
            joining[alias.digest] = (*joining.get(alias.digest, ()), alias.name)
    return with_names(doc, joining)


def with_names(doc: JobInput, more: Mapping[Digest, Sequence[str]]) -> JobInput:
    """Add aliases to the erasures of a document, by digest."""

    def widened(erasure: Erasure) -> Erasure:
        known = {name.lower() for name in names(erasure.concept)}
        new = tuple(name for name in more.get(erasure.digest, ()) if name.lower() not in known)
        aliases = (*erasure.concept.aliases, *new)[:MOST]
        concept = erasure.concept.model_copy(update={"aliases": aliases})
        return erasure.model_copy(update={"concept": concept})

    adds, holds = (tuple(widened(e) for e in erasures) for erasures in (doc.adds, doc.holds))
    return doc.model_copy(update={"adds": adds, "holds": holds})


def _near(models: Models, erasing: Erasing, templates: Templates, taken: Sequence[str]) -> list[str]:
    """Return all parts of the names, and the words that the base encoder reads like the concept.

    Parts are few, and so all are drawn: of "pencil sketch" the encoder puts "sketch" elsewhere, and it still
    draws sketches.
    """
    tokenizer = models.tokenizer
    own, words = parts(erasing.names), nearest_words(models, erasing.names)
    phrases = list(dict.fromkeys((*own, *words)))
    ban = Ban(tokenizer, taken)
    phrases = [p for p, free in zip(phrases, ban.allowed(phrases), strict=True) if free]
    if not phrases:
        return []
    kind = erasing.erasure.concept.kind
    template = templates.training(kind)[0]
    nearness = Nearness(models.base_encoder, tokenizer, erasing)
    ratios = nearness.of(models.base_encoder, [fill(template, phrase, kind) for phrase in phrases]).tolist()
    nearest = [phrase for _, phrase in sorted(zip(ratios, phrases, strict=True))]
    near = {phrase for phrase, ratio in zip(phrases, ratios, strict=True) if ratio < NEAR}
    some = [phrase for phrase in nearest if phrase in own][:DRAWN]
    others = [phrase for phrase in nearest if phrase in near and phrase not in own]
    return [*some, *others[:DRAWN]]


def _needed(doc: JobInput, erasing: Erasing, templates: Templates) -> tuple[str, ...]:
    """Return texts whose words must not go: without its templates nothing could be asked for any more."""
    kept, gone = kept_concepts(doc), erased_names(doc)
    kinds = {erasing.erasure.concept.kind, *(concept.kind for concept in kept)}
    asking = [template for kind in kinds for template in templates.probing(kind)]
    return (
        *(concept.name for concept in kept),
        *(template for template in asking if not mentions(template, gone)),
        *(phrase for kind in templates.kinds for phrase in GENERIC[kind]),
        *((erasing.anchor,) if erasing.anchor else ()),
    )


def parts(phrases: Iterable[str]) -> tuple[str, ...]:
    """Return every run of words that is a proper part of a name, three letters or more."""
    found: dict[str, None] = {}
    for phrase in phrases:
        words = phrase.split()
        for length in range(1, len(words)):
            for at in range(len(words) - length + 1):
                found[" ".join(words[at : at + length])] = None
    return tuple(part for part in found if len(part) > 2)


@torch.no_grad()
def nearest_words(models: Models, phrases: Sequence[str]) -> list[str]:
    """Return `WORDS` real words, those with a token nearest to one of the names' first."""
    tokenizer: PreTrainedTokenizerBase = models.tokenizer
    table = torch.nn.functional.normalize(token_table(models.base_encoder).weight.float(), dim=1)
    own = sorted({token for phrase in phrases for token in word_ids(tokenizer, phrase)})
    words = [text.strip() for text in real_words(tokenizer, ()).texts]
    likeness = table @ table[own].T
    scores = [float(likeness[list(word_ids(tokenizer, word))].mean(dim=0).max()) for word in words]
    order = sorted(range(len(words)), key=lambda i: (-scores[i], words[i]))
    return [words[i] for i in order[:WORDS]]
