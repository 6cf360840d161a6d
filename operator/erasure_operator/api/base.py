"""What all kinds share: the model base, object metadata and conditions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """A frozen part of an object that we read: unknown fields belong to a newer version and are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    def to_dict(self) -> dict[str, object]:
        """Return JSON data with camelCase keys, leaving out what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ObjectMeta(ApiModel):
    """The part of metadata that the operator reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Condition(ApiModel):
    """One condition in the form of metav1.Condition."""

    type: Annotated[str, Field(max_length=316)]
    """Ready, Reconciling or Stalled."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """CamelCase word that alerts and `kubectl wait` match on."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """What holds now and what to change, for people."""
    observed_generation: Annotated[int, Field(ge=0)] = 0
    """Generation of the spec that this condition speaks of."""
    last_transition_time: datetime
    """When the status last changed."""


class KubernetesObject(ApiModel):
    """An object of one of the three kinds."""

    metadata: ObjectMeta

    @classmethod
    def from_object(cls, raw: dict[str, object]) -> Self:
        """Parse an object as the API server returns it, ignoring fields of newer versions at every depth.

        Raises
        ------
        pydantic.ValidationError
            The object was stored under another schema.

        """
        return cls.model_validate(raw, extra="ignore")
