"""Templates in other languages, for tokenizers that can read them.

A multilingual encoder may know a concept in a sentence whose words no template of the document has. The name
stays as it is: names of persons, characters and styles mostly do, and no list translates a user's objects.
A language is left out where the tokenizer breaks its words into letters or bytes: such a prompt would probe
the tokenizer's fallback, and not the language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from transformers import PreTrainedTokenizerBase

from unlearn_job.contract.concept import SUBJECTS, ConceptKind
from unlearn_job.prompts import SLOT

_BYTE: Final = re.compile(r"<0x[0-9A-F]{2}>")
_REPLACEMENT: Final = "\ufffd"

_SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "de": ("ein Bild von {}", "ein Foto von {} bei Nacht", "eine Zeichnung von {}"),
    "es": ("una foto de {}", "una imagen de {} por la noche", "un dibujo de {}"),
    "fr": ("une photo de {}", "une image de {} la nuit", "un dessin de {}"),
    "it": ("una foto di {}", "un disegno di {}", "un quadro di {} di notte"),
    "zh": ("{}的照片", "一张{}的图片", "夜晚的{}"),
}
_STYLES: Final[dict[str, tuple[str, ...]]] = {
    "de": ("ein Haus im Stil von {}", "eine Frau im Stil von {}", "ein Boot im Stil von {}"),
    "es": ("una casa al estilo de {}", "una mujer al estilo de {}", "un barco al estilo de {}"),
    "fr": (
        "une maison dans le style de {}",
        "une femme dans le style de {}",
        "un bateau dans le style de {}",
    ),
    "it": ("una casa nello stile di {}", "una donna nello stile di {}", "una barca nello stile di {}"),
    "zh": ("{}风格的房子", "{}风格的女人", "{}风格的船"),
}


def translated(
    tokenizer: PreTrainedTokenizerBase, kind: ConceptKind, names: Sequence[str], count: int
) -> tuple[str, ...]:
    """Ask for a concept in every language that a tokenizer reads.

    Parameters
    ----------
    tokenizer
        Of the encoder.
    kind, names
        Of the concept; the names are asked for in turn.
    count
        How many prompts; they repeat where there are no more.

    Returns
    -------
    tuple
        `count` prompts, the languages in turn; none where the tokenizer reads no language but English, and
        none of scenes and actions, whose words would have to be translated.

    """
    if kind not in {*SUBJECTS, ConceptKind.STYLE}:
        return ()
    by_language = (_STYLES if kind is ConceptKind.STYLE else _SUBJECTS).values()
    readable = [[t for t in templates if reads(tokenizer, t.replace(SLOT, " "))] for templates in by_language]
    readable = [templates for templates in readable if templates]
    if not readable:
        return ()
    found = []
    for index in range(count):
        turn, language = divmod(index, len(readable))
        templates = readable[language]
        template = templates[turn // len(names) % len(templates)]
        found.append(template.replace(SLOT, names[turn % len(names)]))
    return tuple(found)


def reads(tokenizer: PreTrainedTokenizerBase, text: str) -> bool:
    """Say whether a tokenizer has the words of a text, or pieces of them longer than a letter.

    It must give the text back, without an unknown token, without bytes of a letter, and without cutting a
    word of an alphabet into single letters: two neighbouring pieces of one letter each are a fallback.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not ids or tokenizer.unk_token_id in ids:
        return False
    pieces = [tokenizer.decode([token]) for token in ids]
    if any(_REPLACEMENT in piece or _BYTE.search(piece) for piece in pieces):
        return False
    if _squeezed(tokenizer.decode(ids)) != _squeezed(text):
        return False
    return not _spelt_out(text, [piece.strip() for piece in pieces])


def _spelt_out(text: str, pieces: Sequence[str]) -> bool:
    """Say whether words of an alphabet fall into single letters."""
    words = [word for word in text.split() if word.isascii() or not _is_ideographic(word)]
    letters = sum(1 for piece in pieces if len(piece) == 1 and not _is_ideographic(piece))
    single = sum(1 for word in words if len(word) == 1)
    # One stray letter in five words happens to good tokenizers; a word spelt out has three or more.
    return letters - single > max(1, len(words) // 4)


def _is_ideographic(text: str) -> bool:
    return any("\u3040" <= letter <= "\u9fff" for letter in text)


def _squeezed(text: str) -> str:
    return "".join(text.lower().split())
