"""All attacks by name."""

from __future__ import annotations

from unlearn_job.attacks.inversion import Inversion
from unlearn_job.attacks.misspelling import Misspelling
from unlearn_job.attacks.paraphrase import Paraphrase, Synonym
from unlearn_job.attacks.prefix import AdversarialPrefix
from unlearn_job.attacks.protocol import Attack
from unlearn_job.attacks.ring import RingABell
from unlearn_job.attacks.words import Place, WordSearch
from unlearn_job.contract.errors import PermanentFailure


class UnknownAttackError(PermanentFailure):
    """There is no attack of this name."""

    reason = "UnknownAttack"


def attacks() -> dict[str, Attack]:
    """Return every attack with its standard settings, cheap ones first; `load_attack` takes one."""
    every: tuple[Attack, ...] = (
        Paraphrase(),
        Synonym(),
        Misspelling(),
        *(WordSearch(whole, place) for place in Place for whole in (False, True)),
        RingABell(),
        AdversarialPrefix(),
        Inversion(),
    )
    return {attack.name: attack for attack in every}


def load_attack(name: str) -> Attack:
    """Return one attack.

    Raises
    ------
    UnknownAttackError
        The message lists the known ones.

    """
    known = attacks()
    if name not in known:
        raise UnknownAttackError(f"there is no attack {name!r}; known are {', '.join(known)}")
    return known[name]
