"""Hard negatives: inputs near the concept's name that are not it, and must act as before.

They hold what no list names: a linear change that is only told what to erase reaches all that looks a
little like it. With two kept concepts in the document, the testbed loses 6 % of the others without them
and 1 % with them; with eleven kept ones, nothing either way (docs/methods). Four sorts, for names of
several words and of several tokens:

- *partial*: a proper part of the name ("captain", "captain whale", "x comet"), the rest being other words,
  words of kept names among them, noise, or nothing. "captain comet" goes, "captain whale" stays;
- *soft*: every token becomes a * e + sqrt(1 - a^2) * u with e its unit embedding, |a| up to what separates
  words of this vocabulary, u noise or a mix of two other words;
- *word*: one or two other words of the vocabulary in place of the name;
- *slip*: the name misspelt once or twice. Left alone, slips that the base reads as something else came to
  draw what the name had drawn: after "kitty" was erased, "kiuts" drew cats.

None of them draws the concept: what the parent's encoder reads like it falls out (`Nearness`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from unlearn_job.erasing import Erasing
from unlearn_job.methods.replay import Prefix
from unlearn_job.methods.tokens import assemble, whole_words, word_ids
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading
from unlearn_job.seeds import seed_for
from unlearn_job.slips import slips


@dataclass(frozen=True)
class Soft:
    """An embedding that stands in for a token, shape (D,)."""

    token: int
    vector: Tensor


Draws = Callable[[Sequence[Reading], Prefix | None], Sequence[bool]]
"""Says of readings whether they draw a concept, and keeps what leaves the first layers on the way."""

Slot = int | Soft
"""What stands at a position."""

SHARES: Final = {"partial": 0.3, "soft": 0.3, "word": 0.2, "slip": 0.2}
"""Shares of the sorts; a name of one token has no parts, and its share goes to the soft ones."""

REDRAWS: Final = 3
"""Times that negatives are drawn before fewer have to do."""

NAMED: Final = 0.3
"""Share of other words that come from kept names: those neighbours matter most."""

LENGTHS: Final = (0.5, 1.5)
"""Norm of a soft embedding, relative to the mean norm of a word."""


@dataclass(frozen=True)
class Vocabulary:
    """Words that negatives are made of.

    Attributes
    ----------
    table: token embeddings, shape (V, D), float32, on CPU.
    named: id sequences of the words of kept names.
    words: id sequences of all words.
    length: mean norm of the rows of whole words.
    cosine: the largest |a| of a soft negative.

    """

    table: Tensor
    named: tuple[tuple[int, ...], ...]
    words: tuple[tuple[int, ...], ...]
    length: float
    cosine: float


def vocabulary(
    tokenizer: PreTrainedTokenizerBase, table: Tensor, texts: Sequence[str], aliases: Sequence[Sequence[str]]
) -> Vocabulary:
    """Collect the tokenizer's whole-word tokens and the words of `texts`; measure lengths and cosines.

    Parameters
    ----------
    tokenizer, table
        The encoder's tokenizer and token table, shape (V, D).
    texts
        Names of kept concepts: their words are mixed in more often. Those of erased ones come with their own
        negatives; in another concept's they would hold what is to go.
    aliases
        Groups of names of one concept each; see `separating_cosine`.

    """
    whole = whole_words(tokenizer)
    named = {word_ids(tokenizer, word): None for text in texts for word in text.split()}
    cpu = table.detach().float().cpu()
    length = float(cpu[whole].norm(dim=1).mean())
    return Vocabulary(
        cpu,
        tuple(named),
        tuple((i,) for i in whole if len(tokenizer.decode([i]).strip()) > 2),
        length,
        separating_cosine(tokenizer, cpu, aliases),
    )


def separating_cosine(
    tokenizer: PreTrainedTokenizerBase, table: Tensor, groups: Sequence[Sequence[str]]
) -> float:
    """Measure how near an embedding may come to a word and still be another word.

    The middle between the largest cosine of single-token words of different groups and the smallest one
    within a group, inside [0.4, 0.7]; where no group has two single tokens, 0.2 above the first.
    """
    vectors, owner = [], []
    for index, group in enumerate(groups):
        for name in group:
            ids = word_ids(tokenizer, name)
            if len(ids) == 1:
                vectors.append(torch.nn.functional.normalize(table[ids[0]], dim=0))
                owner.append(index)
    if len(vectors) < 2:
        return 0.6
    unit, group_of = torch.stack(vectors), torch.tensor(owner)
    cosines = unit @ unit.T
    same = group_of[:, None] == group_of[None, :]
    apart = cosines[~same]
    together = cosines[same & ~torch.eye(len(owner), dtype=torch.bool)]
    highest = float(apart.max()) if apart.numel() else 0.4
    middle = (highest + float(together.min())) / 2 if together.numel() else highest + 0.2
    return min(0.7, max(0.4, middle))


class Negatives:
    """Hard negatives of erasures, the same for the same seed.

    Parameters
    ----------
    tokenizer
        The encoder's.
    words
        What they are made of.
    gone
        All erased names and aliases, the parent's included: none may come out by chance.
    seed
        In [0, 2**31).
    draws
        Says which readings draw an erased concept: those are none. Without it all count.

    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        words: Vocabulary,
        gone: Sequence[str],
        seed: int,
        draws: Draws | None = None,
    ) -> None:
        self._draws = draws
        self._tokenizer = tokenizer
        self._vocabulary = words
        self._gone = {word_ids(tokenizer, name) for name in gone}
        self._seed = seed
        self._choice = random.Random()  # noqa: S311 - training data, not secrets
        self._known: dict[str, tuple[int, ...]] = {}
        self._noise = torch.Generator()

    def of(self, erasing: Erasing, count: int, prefix: Prefix | None = None) -> list[Reading]:
        """Return `count` negatives in the prompts of one erasure, over its name and aliases in turn.

        Fewer where most of what is drawn reads like the concept. The same at each call, whatever was asked
        before. `prefix` keeps what left the parent's first layers when that was looked at.
        """
        seed = seed_for(self._seed, erasing.erasure.digest)
        self._choice.seed(seed)
        self._noise.manual_seed(seed)
        kept: list[Reading] = []
        for _ in range(REDRAWS):
            drawn = self._some(erasing, count - len(kept))
            draws = self._draws(drawn, prefix) if self._draws else [False] * len(drawn)
            kept += [reading for reading, draw in zip(drawn, draws, strict=True) if not draw]
            if len(kept) == count:
                break
        return kept

    def _some(self, erasing: Erasing, count: int) -> list[Reading]:
        by_name: dict[str, list[Prompt]] = {}
        for pair in erasing.pairs:
            if pair.own.phrase not in erasing.names:  # what a search found: its parts draw the concept
                continue
            by_name.setdefault(pair.own.phrase, []).append(pair.own)
        phrases = sorted(by_name)
        found = []
        for index in range(count):
            phrase = phrases[index % len(phrases)]
            found.append(self._one(self._choice.choice(by_name[phrase])))
        return found

    def _one(self, prompt: Prompt) -> Reading:
        words = [self._ids(word) for word in prompt.phrase.split()]
        before, after = self._ids(prompt.before), self._ids(prompt.after)
        slots = self._slots(words, prompt.phrase)
        if self._names_an_erased_concept(before, slots, after):
            # Words may come out as an erased name by chance; vectors cannot.
            slots = [self._soft(piece) for word in words for piece in word]
        ids = [slot.token if isinstance(slot, Soft) else slot for slot in slots]
        tokens = assemble(self._tokenizer, before, ids, after)
        patches = {
            tokens.start + i: slot.vector
            for i, slot in enumerate(slots)
            if isinstance(slot, Soft) and tokens.start + i < tokens.end
        }
        return Reading(tokens, patches, first=tokens.first)

    def _ids(self, text: str) -> tuple[int, ...]:
        """Tokenise once: the same few texts come thousands of times."""
        if text not in self._known:
            self._known[text] = word_ids(self._tokenizer, text)
        return self._known[text]

    def _slots(self, words: list[tuple[int, ...]], phrase: str) -> list[Slot]:
        parts: list[tuple[int, ...]] = words if len(words) > 1 else [(piece,) for piece in words[0]]
        sort = self._choice.choices(list(SHARES), list(SHARES.values()))[0]
        if sort == "partial" and len(parts) > 1:
            return self._partial(parts)
        if sort == "slip":
            return [i for word in self._slip(phrase).split() for i in self._ids(word)]
        if sort == "word":
            return [i for _ in range(self._choice.choice((1, 1, 2))) for i in self._other_word()]
        return [self._soft(piece) for word in words for piece in word]

    def _partial(self, parts: list[tuple[int, ...]]) -> list[Slot]:
        """Keep a proper part of the name; make the rest other words, noise, or nothing."""
        count = self._choice.randint(1, len(parts) - 1)
        stays = set(self._choice.sample(range(len(parts)), count))
        rest = self._choice.choice(("word", "word", "noise", "nothing"))
        slots: list[Slot] = []
        for index, part in enumerate(parts):
            if index in stays:
                slots += part
            elif rest == "word":
                slots += self._other_word()
            elif rest == "noise":
                slots += [self._soft(piece) for piece in part]
        return slots

    def _slip(self, phrase: str) -> str:
        """Misspell a phrase once or twice."""
        for _ in range(self._choice.randint(1, 2)):
            phrase = self._choice.choice([text for text in slips(phrase) if text.strip()] or [phrase])
        return phrase

    def _other_word(self) -> tuple[int, ...]:
        named, words = self._vocabulary.named, self._vocabulary.words
        return self._choice.choice(named if named and self._choice.random() < NAMED else words)

    def _soft(self, token: int) -> Soft:
        table, limit = self._vocabulary.table, self._vocabulary.cosine
        unit = torch.nn.functional.normalize(table[token], dim=0)
        other = _across(torch.randn(unit.shape, generator=self._noise), unit)
        if self._choice.random() < 0.5:
            first, second = (table[list(self._other_word())].mean(0) for _ in range(2))
            words = first + self._choice.uniform(-1, 1) * second
            # The token's own word may be drawn: what is left across it is rounding noise, in no direction.
            if float(_across(words, unit).norm()) > 0.1 * float(words.norm()):
                other = _across(words, unit)
        other = torch.nn.functional.normalize(other, dim=0)
        share = self._choice.uniform(-limit, limit)
        mixed = share * unit + math.sqrt(1 - share * share) * other
        return Soft(token, mixed * self._vocabulary.length * self._choice.uniform(*LENGTHS))

    def _names_an_erased_concept(
        self, before: Sequence[int], slots: list[Slot], after: Sequence[int]
    ) -> bool:
        """Say whether an erased name stands in the whole prompt: `after` may complete it."""
        ids = [*before, *(slot if isinstance(slot, int) else -1 for slot in slots), *after]
        return any(
            tuple(ids[at : at + len(name)]) == name
            for name in self._gone
            for at in range(len(ids) - len(name) + 1)
        )


def _across(vector: Tensor, unit: Tensor) -> Tensor:
    """Return the part of a vector that is orthogonal to a unit vector."""
    return vector - (vector @ unit) * unit
