"""Which method unlearns, and the base of every method's parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from unlearn_job.contract.base import ContractModel


class MethodSpec(ContractModel):
    """A method and the parameters that differ from its defaults."""

    name: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")] = "closed-form"
    """Folder name of the method."""
    parameters: Annotated[dict[str, int | Annotated[str, Field(max_length=64)]], Field(max_length=32)] = {}
    """Integers, and decimals as strings: a float has no stable text to hash."""


class MethodConfig(BaseModel):
    """Parameters of one method: torch-free, because the operator validates and hashes them."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    algorithm_version: ClassVar[int] = 1
    """Raised when the same parameters give another encoder, which rebuilds every release of the method."""
    needs_surrogate: ClassVar[bool] = False
    """Whether the method trains through the text-to-image model."""

    @property
    def uses_surrogate(self) -> bool:
        """Whether it trains or searches through the text-to-image model with these parameters."""
        return self.needs_surrogate

    def canonical(self) -> dict[str, object]:
        """All parameters, defaults included, as plain JSON data without floats."""
        return {
            name: str(value.normalize()) if isinstance(value, Decimal) else value
            for name, value in self.model_dump(mode="python", by_alias=True).items()
        }
