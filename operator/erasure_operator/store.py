"""What the API server last said, in memory.

Kopf's own indices cost a quadratic start, so its events fill this store instead. A paginated list seeds it,
which makes "warm" a known moment; the same list, repeated now and then, finds what a watch lost. Three
writers race here (a list, the watch, our own writes' answers), so every object carries its age: an older
resourceVersion never replaces a newer one, and a deleted object never comes back.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, TypeVar, cast

from erasure_operator.api.base import KubernetesObject
from erasure_operator.cluster import Listing
from erasure_operator.resources import WATCHED, RawObject, Resource

_TOMBSTONES: Final = 10_000
"""Deleted objects that are remembered: more than go between the start and the end of one list."""

ParsedT = TypeVar("ParsedT", bound=KubernetesObject)


class Stored:
    """One object, parsed at most once."""

    __slots__ = ("_parsed", "raw")

    def __init__(self, raw: RawObject) -> None:
        self.raw = raw
        self._parsed: KubernetesObject | None = None

    def parse(self, model: type[ParsedT]) -> ParsedT:
        """Return the object as its pydantic model.

        Raises
        ------
        pydantic.ValidationError
            The object was stored under another schema.

        """
        if self._parsed is None:
            self._parsed = model.from_object(self.raw)
        return cast("ParsedT", self._parsed)


class Store:
    """Objects of all watched kinds by namespace and name. For one event loop, so without locks."""

    def __init__(self) -> None:
        self._objects: dict[Resource, dict[str, dict[str, Stored]]] = {kind: {} for kind in WATCHED}
        self._tombstones: OrderedDict[str, None] = OrderedDict()
        self._unlisted = set(WATCHED)
        self.warm: Final = asyncio.Event()
        """Set once every kind has been listed. Nothing is decided before."""

    @property
    def size(self) -> int:
        """Number of objects."""
        return sum(len(names) for kind in self._objects.values() for names in kind.values())

    def put(self, resource: Resource, raw: RawObject) -> bool:
        """Take in an object; False where the store has it, or a newer one, already."""
        metadata = raw["metadata"]
        if metadata.get("uid") in self._tombstones:
            return False
        names = self._objects[resource].setdefault(metadata.get("namespace", ""), {})
        known = names.get(metadata["name"])
        if known is not None and not _is_newer(metadata, known.raw["metadata"]):
            return False
        names[metadata["name"]] = Stored(raw)
        return True

    def remove(self, resource: Resource, raw: RawObject) -> bool:
        """Forget a deleted object; False where the store has a successor of the same name, or nothing."""
        metadata = raw["metadata"]
        self._bury(metadata.get("uid", ""))
        names = self._objects[resource].get(metadata.get("namespace", ""), {})
        known = names.get(metadata["name"])
        if known is None or known.raw["metadata"].get("uid") != metadata.get("uid"):
            return False
        del names[metadata["name"]]
        return True

    def replace(self, resource: Resource, listing: Listing) -> tuple[RawObject, ...]:
        """Take in a whole list and drop what it no longer has. Return what that changed."""
        changed = [raw for raw in listing.objects if self.put(resource, raw)]
        listed = {raw["metadata"].get("uid") for raw in listing.objects}
        for stored in list(self._all(resource)):
            metadata = stored.raw["metadata"]
            # An object younger than the list came by the watch meanwhile.
            lost = metadata.get("uid") not in listed and _age(metadata) <= _number(listing.resource_version)
            if lost and self.remove(resource, stored.raw):
                changed.append(stored.raw)
        self._unlisted.discard(resource)
        if not self._unlisted:
            self.warm.set()
        return tuple(changed)

    def get(self, resource: Resource, namespace: str, name: str) -> Stored | None:
        """Return one object."""
        return self._objects[resource].get(namespace, {}).get(name)

    def in_namespace(self, resource: Resource, namespace: str) -> tuple[Stored, ...]:
        """Return a namespace's objects of a kind in the order of their names."""
        names = self._objects[resource].get(namespace, {})
        return tuple(names[name] for name in sorted(names))

    def all(self, resource: Resource) -> tuple[Stored, ...]:
        """Return all objects of a kind."""
        return tuple(self._all(resource))

    def _all(self, resource: Resource) -> Iterator[Stored]:
        for names in self._objects[resource].values():
            yield from names.values()

    def _bury(self, uid: str) -> None:
        self._tombstones[uid] = None
        while len(self._tombstones) > _TOMBSTONES:
            self._tombstones.popitem(last=False)


def _is_newer(candidate: RawObject, known: RawObject) -> bool:
    """Compare by resourceVersion, which Kubernetes lets clients compare within one kind (KEP-5504)."""
    if candidate.get("resourceVersion") == known.get("resourceVersion"):
        return False
    if not _age(candidate) or not _age(known):
        return True
    return _age(candidate) > _age(known)


def _age(metadata: RawObject) -> int:
    return _number(str(metadata.get("resourceVersion", "")))


def _number(resource_version: str) -> int:
    return int(resource_version) if resource_version.isdigit() else 0
