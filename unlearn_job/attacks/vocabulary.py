"""What searched texts are made of: whole words, or every token that can be typed.

Searches work on text, not on token ids: ids that no text gives are no threat by text, and a name spelled
in pieces ("c" + "at") is the name again once it is typed. So pieces are joined to a text, the text is
tokenised anew, and the ban looks at both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from transformers import PreTrainedTokenizerBase

from unlearn_job.methods.tokens import whole_words, word_ids
from unlearn_job.prompts import mentions

WORD_END: Final = "</w>"
"""Mark of CLIP's tokenizer behind the last token of a word."""
WORD_STARTS: Final = frozenset("▁Ġ")
"""Marks of SentencePiece and of byte-level BPE before the first token of a word."""
SHORTEST: Final = 3
"""Letters of a whole word; shorter ones are mostly fragments."""


@dataclass(frozen=True)
class Pieces:
    """Pieces of text that a search joins.

    Attributes
    ----------
    name: "words" or "vocabulary".
    texts: each piece; a space before or behind it parts it from its neighbour.

    """

    name: str
    texts: tuple[str, ...]

    def join(self, chosen: Iterable[int]) -> str:
        """Join pieces to a text with single spaces."""
        return " ".join("".join(self.texts[i] for i in chosen).split())


def real_words(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> Pieces:
    """Return the tokenizer's whole-word tokens, and the words of `texts`, however many tokens they are."""
    whole = {tokenizer.decode([i]).strip() for i in whole_words(tokenizer)}
    spoken = {word.strip(",.").lower() for text in texts for word in text.split()}
    found = {w for w in whole | spoken if len(w) >= SHORTEST and w.isalpha() and w.isascii()}
    return Pieces("words", tuple(f"{word} " for word in sorted(found)))


def whole_vocabulary(tokenizer: PreTrainedTokenizerBase) -> Pieces:
    """Return every token that has a text; those inside words join with what follows."""
    special = set(tokenizer.all_special_ids)
    found = set()
    for token, i in tokenizer.get_vocab().items():
        text = tokenizer.decode([i]).strip()
        if i not in special and text and "\ufffd" not in text:
            opens, ends = token[:1] in WORD_STARTS, token.endswith(WORD_END)
            found.add(f"{' ' * opens}{text}{' ' * ends}")
    return Pieces("vocabulary", tuple(sorted(found)))


class Ban:
    """Names that no searched text may hold, as words or as tokens.

    Parameters
    ----------
    tokenizer
        The encoders' own.
    phrases
        Name and aliases.

    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, phrases: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._phrases = tuple(phrases)
        self._ids = tuple(word_ids(tokenizer, phrase) for phrase in phrases)

    def __contains__(self, text: str) -> bool:
        return not self.allowed([text])[0]

    def allowed(self, texts: Sequence[str]) -> list[bool]:
        """Say which texts are free of the names; many at once, because tokenising one by one is slow."""
        if not texts:
            return []
        read = self._tokenizer(list(texts), add_special_tokens=False).input_ids
        return [
            not mentions(text, self._phrases) and not self._holds(tuple(ids))
            for text, ids in zip(texts, read, strict=True)
        ]

    def _holds(self, ids: tuple[int, ...]) -> bool:
        return any(
            ids[at : at + len(name)] == name for name in self._ids for at in range(len(ids) - len(name) + 1)
        )
