"""Reading the Job's document, with one sentence on what is wrong with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.methods import config_of


class DocumentError(PermanentFailure):
    """The document is missing, or not one that this image understands."""

    reason = "InvalidDocument"


def read_document(path: Path) -> JobInput:
    """Read and check a document: its own rules, the method's name and the method's parameters.

    Raises
    ------
    DocumentError
        The file cannot be read or breaks a rule; the message names the field of the first one.
    UnknownMethodError
        The image does not have the method.

    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise DocumentError(f"cannot read {path}: {exc.strerror or type(exc).__name__}") from exc
    try:
        document = JobInput.from_json(content)
    except ValidationError as exc:
        raise DocumentError(f"{path.name}: {first_error(exc)}") from exc
    check_method(document)
    return document


def read_json(path: Path, what: str) -> Any:  # noqa: ANN401 (any JSON)
    """Read a JSON file that a flag names; `what` says in the error what it should hold.

    Raises
    ------
    DocumentError
        It cannot be read, or holds no JSON.

    """
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError as exc:
        raise DocumentError(
            f"cannot read the {what} in {path}: {exc.strerror or type(exc).__name__}"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise DocumentError(f"cannot read the {what} in {path}: {exc}") from exc


def number_or_text(text: str) -> int | str:
    """Read a parameter of a method as a shell has it: whole numbers as such, all else as text."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def check_method(document: JobInput) -> None:
    """Check the method before anything is downloaded.

    Raises
    ------
    DocumentError
        A parameter is wrong, or the method needs the surrogate that the document does not name.
    UnknownMethodError
        The image does not have the method.

    """
    name = document.method.name
    try:
        config = config_of(name).model_validate(document.method.parameters)
    except ValidationError as exc:
        raise DocumentError(f"method.parameters of {name}: {first_error(exc)}") from exc
    if config.uses_surrogate and document.base.surrogate is None:
        raise DocumentError(f"base.surrogate: method {name} goes through the text-to-image model; name one")


def first_error(error: ValidationError) -> str:
    """Return the first error as one sentence with its field, and without the field's value."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    field = ".".join(str(part) for part in errors[0]["loc"])
    sentence = errors[0]["msg"].removeprefix("Value error, ")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return (f"{field}: {sentence}" if field else sentence) + more
