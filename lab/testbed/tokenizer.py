"""A real `CLIPTokenizer` for the testbed: byte symbols, learned merges, no outside data.

Proper words become one token each, but for those in `SPLIT`, which are two or three, as most names
are for a real CLIP. Misspelt words fall apart into letters and pieces.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Final

from lab.testbed.captions import words

MAX_LENGTH: Final = 24
"""Tokens of a prompt, start and end included."""

SPLIT: Final[dict[str, tuple[str, ...]]] = {
    "mushroom": ("mush", "room"),
    "toadstool": ("to", "ad", "stool"),
    "android": ("andr", "oid"),
    "cottage": ("cott", "age"),
    "asterisk": ("aster", "isk"),
    "phantom": ("phan", "tom"),
    "valentine": ("val", "en", "tine"),
    "lantern": ("lan", "tern"),
    "viktor": ("vik", "tor"),
    "graphite": ("graph", "ite"),
    "fluorescent": ("fluo", "res", "cent"),
    "tesserae": ("tess", "erae"),
    "mosaic": ("mosa", "ic"),
}
"""Words of several tokens, with their pieces."""

START: Final = "<|startoftext|>"
END: Final = "<|endoftext|>"

Symbols = tuple[str, ...]


def byte_symbols() -> list[str]:
    """Return the 256 printable stand-ins for bytes, in GPT-2's order, as CLIP's vocabulary has them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = [256 + i for i in range(256 - len(printable))]
    return [chr(code) for code in (*printable, *spare)]


def learn_merges() -> list[tuple[str, str]]:
    """Learn merges by pair counts until every word, and every piece of a split word, is one symbol."""
    pieces: dict[Symbols, None] = {}
    for word in words():
        *heads, last = SPLIT.get(word, (word,))
        pieces.update({tuple(head): None for head in heads})
        pieces[(*last[:-1], last[-1] + "</w>")] = None
    corpus = list(pieces)
    merges: list[tuple[str, str]] = []
    while any(len(symbols) > 1 for symbols in corpus):
        pairs = Counter(pair for symbols in corpus for pair in pairwise(symbols))
        # Ties go to the alphabet, so that the same words always give the same files.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        corpus = [_merged(symbols, best) for symbols in corpus]
    return merges


def _merged(symbols: Symbols, pair: tuple[str, str]) -> Symbols:
    out: list[str] = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


def save_tokenizer(folder: Path) -> None:
    """Write vocab.json, merges.txt and the two config files that `CLIPTokenizer` reads."""
    merges = learn_merges()
    alphabet = byte_symbols()
    tokens = [*alphabet, *(symbol + "</w>" for symbol in alphabet), *(a + b for a, b in merges), START, END]
    vocabulary = {token: row for row, token in enumerate(dict.fromkeys(tokens))}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, indent=0) + "\n", "utf-8")
    lines = "".join(f"{a} {b}\n" for a, b in merges)
    (folder / "merges.txt").write_text("#version: 0.2\n" + lines, "utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": MAX_LENGTH,
        "do_lower_case": True,
        "errors": "replace",
        **special,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", "utf-8")
