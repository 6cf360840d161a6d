from __future__ import annotations

from typing import Any

from erasure_operator.cluster import Listing
from erasure_operator.resources import CONCEPT_ERASURES, JOBS, WATCHED
from erasure_operator.store import Store


def thing(name: str, age: int, *, uid: str | None = None, namespace: str = "media") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid or f"uid-of-{name}",
            "resourceVersion": str(age),
        }
    }


def age_of(store: Store, name: str) -> int | None:
    stored = store.get(JOBS, "media", name)
    return int(stored.raw["metadata"]["resourceVersion"]) if stored else None


def test_an_older_version_never_replaces_a_newer_one() -> None:
    store = Store()
    assert store.put(JOBS, thing("a", 9))
    assert not store.put(JOBS, thing("a", 7))
    assert not store.put(JOBS, thing("a", 9))
    assert age_of(store, "a") == 9
    # As numbers, not as text.
    assert store.put(JOBS, thing("a", 10))
    assert age_of(store, "a") == 10


def test_a_deleted_object_does_not_come_back_with_a_late_list() -> None:
    store = Store()
    store.put(JOBS, thing("a", 5))
    assert store.remove(JOBS, thing("a", 6))
    assert store.replace(JOBS, Listing((thing("a", 5),), "5")) == ()
    assert age_of(store, "a") is None


def test_a_late_deletion_does_not_take_the_successor_of_the_same_name() -> None:
    store = Store()
    store.put(JOBS, thing("a", 5, uid="first"))
    store.put(JOBS, thing("a", 8, uid="second"))
    assert not store.remove(JOBS, thing("a", 7, uid="first"))
    assert age_of(store, "a") == 8


def test_a_list_drops_what_a_watch_lost() -> None:
    store = Store()
    store.put(JOBS, thing("gone", 5))
    store.put(JOBS, thing("kept", 5))
    changed = store.replace(JOBS, Listing((thing("kept", 5), thing("new", 7)), "8"))
    assert {raw["metadata"]["name"] for raw in changed} == {"gone", "new"}
    assert {stored.raw["metadata"]["name"] for stored in store.all(JOBS)} == {"kept", "new"}


def test_a_list_does_not_drop_what_came_after_it() -> None:
    store = Store()
    store.put(JOBS, thing("young", 9))
    assert store.replace(JOBS, Listing((), "8")) == ()
    assert age_of(store, "young") == 9


def test_the_store_is_warm_once_every_kind_was_listed() -> None:
    store = Store()
    for kind in WATCHED:
        assert not store.warm.is_set()
        store.replace(kind, Listing((), "1"))
    assert store.warm.is_set()


def test_kinds_and_namespaces_are_kept_apart() -> None:
    store = Store()
    store.put(JOBS, thing("b", 1))
    store.put(JOBS, thing("a", 2))
    store.put(JOBS, thing("c", 3, namespace="other"))
    store.put(CONCEPT_ERASURES, thing("a", 4))
    assert [stored.raw["metadata"]["name"] for stored in store.in_namespace(JOBS, "media")] == ["a", "b"]
    assert store.in_namespace(JOBS, "nowhere") == ()
    assert store.size == 4


def test_memory_of_deleted_objects_is_bounded() -> None:
    store = Store()
    for number in range(20_000):
        store.remove(JOBS, thing(f"job-{number}", number))
    assert not store.put(JOBS, thing("job-19999", 1))
    assert store.put(JOBS, thing("job-0", 1))
