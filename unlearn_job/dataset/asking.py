"""Ask a language model for prompts: any server of OpenAI's chat completions, and only when told to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.document import Template
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure
from unlearn_job.prompts import SLOT

KEY_VARIABLE: Final = "OPENAI_API_KEY"
"""Where the server's key is; a local server needs none."""
TIMEOUT_SECONDS: Final = 120.0
TRIES: Final = 3
"""Questions before giving up: models like to answer with fewer lines than asked for."""
QUESTION: Final = (
    "Write {count} prompts for a text-to-image model. Each asks for a picture of {what}, which every prompt "
    "calls {slot} (two braces, exactly once). Vary setting, light, composition and wording; no prompt may "
    "describe what {what} looks like. Answer with one prompt per line and nothing else."
)
WHAT: Final = {
    ConceptKind.CHARACTER: "a fictional character",
    ConceptKind.PERSON: "a person",
    ConceptKind.OBJECT: "an object",
    ConceptKind.STYLE: "any subject in an artist's style",
    ConceptKind.SCENE: "people and things in a place",
    ConceptKind.ACTION: "people doing something",
}
_LEADING: Final = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])\s*")


class LanguageModelRefusesError(PermanentFailure):
    """The server does not take the question, or its answers hold no prompts."""

    reason = "LanguageModelRefuses"


class LanguageModelUnavailableError(TemporaryFailure):
    """The server cannot be reached, or cannot answer now."""

    reason = "LanguageModelUnavailable"


def ask_templates(url: str, model: str, kind: ConceptKind, count: int, *, seed: int) -> tuple[str, ...]:
    """Ask for prompt templates of a kind of concept. The concept's name does not leave this machine.

    Parameters
    ----------
    url
        Of the API, such as "http://127.0.0.1:8000/v1".
    model
        Name that the server knows.
    kind
        Of concept.
    count
        How many.
    seed
        Passed on; whether the same seed gives the same answer is the server's affair.

    Returns
    -------
    tuple
        At most `count` templates with `{}` for the name, each once.

    Raises
    ------
    LanguageModelRefusesError
        The server answers with 4xx, with something else than a completion, or without usable prompts.
    LanguageModelUnavailableError
        It cannot be reached, answers with 5xx, or is too slow.

    """
    found: dict[str, None] = {}
    for turn in range(TRIES):
        text = _complete(url, model, QUESTION.format(count=count, what=WHAT[kind], slot=SLOT), seed + turn)
        found |= dict.fromkeys(templates_in(text))
        if len(found) >= count:
            break
    if not found:
        raise LanguageModelRefusesError(f"{model} answers without one line that holds {SLOT} once")
    return tuple(found)[:count]


def templates_in(text: str) -> Iterator[str]:
    """Yield the lines of an answer that are templates, without bullets, numbers and quotes."""
    check = TypeAdapter(Template)
    for line in text.splitlines():
        template = _LEADING.sub("", line).strip().strip('"“”').strip()
        if template.count(SLOT) != 1:
            continue
        try:
            yield check.validate_python(template)
        except ValidationError:
            continue


def _complete(url: str, model: str, question: str, seed: int) -> str:
    import httpx  # noqa: PLC0415 (0.2 s that nobody else needs)

    key = os.environ.get(KEY_VARIABLE)
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/chat/completions",
            json={"model": model, "seed": seed, "messages": [{"role": "user", "content": question}]},
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.InvalidURL as exc:
        raise LanguageModelRefusesError(f"{url} is no address of a language model") from exc
    except httpx.HTTPError as exc:
        raise LanguageModelUnavailableError(
            f"{url} cannot be reached ({type(exc).__name__})", retry_after=timedelta(minutes=1)
        ) from exc
    if answer.status_code >= 500 or answer.status_code == 429:
        raise LanguageModelUnavailableError(f"{url} answers {answer.status_code}")
    if answer.status_code >= 400:
        hint = f"; check {KEY_VARIABLE}" if answer.status_code in {401, 403} else ""
        raise LanguageModelRefusesError(f"{url} refuses with {answer.status_code}{hint}")
    try:
        content = answer.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as exc:
        raise LanguageModelRefusesError(f"{url} answers with no chat completion") from exc
    if not isinstance(content, str):
        raise LanguageModelRefusesError(f"{url} answers with no text")
    return content
