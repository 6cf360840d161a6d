from __future__ import annotations

import aiohttp
import pytest
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord

from erasure_operator.cluster import Cluster
from erasure_operator.lease_lock import LeaseLock
from erasure_operator.resources import LEASES


def record(holder: str) -> LeaderElectionRecord:
    return LeaderElectionRecord(holder, "10", "2026-03-01 12:00:00.000001", "2026-03-01 12:00:05")


def lock_of(cluster: Cluster, namespace: str, identity: str) -> LeaseLock:
    return LeaseLock(cluster, namespace=namespace, name="lease", identity=identity)


@pytest.mark.cluster
async def test_a_lease_is_made_read_and_renewed(cluster: Cluster, namespace: str) -> None:
    lock = lock_of(cluster, namespace, "a")
    held, missing = await lock.get("lease", namespace)
    assert not held
    assert isinstance(missing, ApiException)
    assert missing.body == '{"code": 404}'
    assert await lock.create("lease", namespace, record("a"))
    held, found = await lock.get("lease", namespace)
    assert held
    assert isinstance(found, LeaderElectionRecord)
    assert (found.holder_identity, found.lease_duration) == ("a", "10")
    assert await lock.update("lease", namespace, record("b"))


@pytest.mark.cluster
async def test_of_two_that_read_the_same_lease_one_gets_it(cluster: Cluster, namespace: str) -> None:
    one, two = lock_of(cluster, namespace, "one"), lock_of(cluster, namespace, "two")
    assert await one.create("lease", namespace, record("none"))
    assert not await two.create("lease", namespace, record("two"))
    await one.get("lease", namespace)
    await two.get("lease", namespace)
    assert await one.update("lease", namespace, record("one"))
    assert not await two.update("lease", namespace, record("two"))


@pytest.mark.cluster
async def test_only_the_holder_gives_a_lease_back(cluster: Cluster, namespace: str) -> None:
    one, two = lock_of(cluster, namespace, "one"), lock_of(cluster, namespace, "two")
    await one.create("lease", namespace, record("one"))
    await two.release()
    assert (await cluster.get(LEASES, namespace, "lease"))["spec"]["holderIdentity"] == "one"
    await one.release()
    assert "holderIdentity" not in (await cluster.get(LEASES, namespace, "lease"))["spec"]


async def test_an_api_server_that_does_not_answer_is_an_answer(free_port: int) -> None:
    # Errors of the HTTP library would end the election while its work goes on.
    configuration = Configuration(host=f"http://127.0.0.1:{free_port}")
    async with ApiClient(configuration) as client:
        lock = lock_of(Cluster(client), "media", "a")
        held, error = await lock.get("lease", "media")
        assert not held
        assert not isinstance(error, aiohttp.ClientError)
        assert not await lock.create("lease", "media", record("a"))
        assert not await lock.update("lease", "media", record("a"))
        await lock.release()
