"""Whatever happens between two passes, the plan ends where it should, and never does what it must not.

What must never happen is asserted by `simulation.Cluster` at every single write: two Jobs at once, an encoder
rolled out that may not serve, a concept brought back that is still asked to be gone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from hypothesis import given, settings
from hypothesis import strategies as st

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.plan.catalogue import content, digests
from erasure_operator.plan.conditions import ready
from erasure_operator.plan.snapshot import JobState
from tests.erasure_operator.plan.builders import edited, erasure, workload
from tests.erasure_operator.plan.simulation import Cluster
from unlearn_job.contract.result import Outcome

NAMES = ("amber", "boris", "comet", "dora")
MOST_PASSES = 150


class Nature(StrEnum):
    """What becomes of a concept when a Job tries to unlearn it."""

    GOOD = "good"
    BREAKS_GATES = "breaks gates"
    CRASHES = "crashes"
    UNKNOWN = "unknown"


class World:
    """A cluster in which the nature of each concept decides about Jobs."""

    def __init__(self) -> None:
        self.cluster = Cluster(workloads={name: workload(name) for name in ("canary", "t2v")})
        self.natures: dict[str, Nature] = {}
        self.age = 0

    def ask(self, name: str, nature: Nature) -> None:
        """Create an erasure, or change its spec: each nature is another spec."""
        old = self.cluster.erasures.get(name)
        self.age += 1
        fresh = erasure(
            name,
            age=self.age,
            generation=old.metadata.generation + 1 if old else 1,
            concept={"aliases": [nature.value]},
        )
        if old is not None:
            fresh = fresh.model_copy(update={"status": old.status})
        self.cluster.erasures[name] = fresh

    def nature(self, item: ConceptErasure) -> Nature:
        return Nature(item.spec.concept.aliases[0])

    def finish_job(self) -> None:
        """End the active Job as the natures of what it adds say."""
        job = self.cluster.active()
        if job is None:
            return
        adds = self.cluster.releases[job.name].spec.document.adds
        natures = {item.name: Nature(item.concept.aliases[0]) for item in adds}
        unknown = {item.name: item.digest for item in adds if natures[item.name] is Nature.UNKNOWN}
        if unknown:
            self.cluster.complete(Outcome.NOT_PRESENT, unknown=unknown)
        elif Nature.CRASHES in natures.values():
            self.cluster.fail(1)
        elif Nature.BREAKS_GATES in natures.values():
            self.cluster.complete(Outcome.GATE_FAILED)
        else:
            self.cluster.complete(Outcome.BUILT)

    def calm_down(self) -> int:
        """Let everything end well until a pass changes nothing; return the number of passes."""
        for passes in range(MOST_PASSES):
            made = self.cluster.reconcile()
            idle = not (made.actions or made.statuses or made.wake_at)
            still = all(
                found.observed_generation == found.generation for found in self.cluster.workloads.values()
            )
            if idle and still and self.cluster.active() is None:
                return passes
            self.cluster.collect()
            self.finish_job()
            for name in self.cluster.workloads:
                self.cluster.settle(name)
            self.cluster.tick(minutes=61)
        raise AssertionError(f"no fixed point after {MOST_PASSES} passes: {self.cluster.plan()}")


natures = st.sampled_from(Nature)
names = st.sampled_from(NAMES)
targets = st.sampled_from(["canary", "t2v"])
EVENTS = st.one_of(
    st.tuples(st.just("ask"), names, natures),
    st.tuples(st.just("forget"), names),
    st.tuples(st.just("edit model"), st.integers(0, 1)),
    st.tuples(st.just("finish job")),
    st.tuples(st.just("finish job")),
    st.tuples(st.just("job fails"), st.sampled_from([1, 75, 78])),
    st.tuples(st.just("job lost")),
    st.tuples(st.just("job answer lost")),
    st.tuples(st.just("job waits")),
    st.tuples(st.just("collect")),
    st.tuples(st.just("settle"), targets),
    st.tuples(st.just("settle"), targets),
    st.tuples(st.just("stuck"), targets),
    st.tuples(st.just("drift"), targets),
    st.tuples(st.just("scale"), targets, st.integers(0, 3)),
    st.tuples(st.just("tick"), st.integers(1, 90)),
)
PASSES = st.sampled_from([None, None, None, 0, 1, 2, 4])
"""After how many writes the pass that follows an event crashes; None: it does not."""
HISTORIES = st.lists(st.tuples(EVENTS, PASSES), min_size=20, max_size=60)
History = list[tuple[tuple[object, ...], int | None]]


def live_through(history: History) -> World:
    world = World()
    for event, crash_after in history:
        happen(world, event)
        world.cluster.reconcile(crash_after=crash_after)
    return world


def happen(world: World, event: tuple[object, ...]) -> None:  # noqa: PLR0912  (one arm per event)
    cluster = world.cluster
    match event:
        case ("ask", str(name), Nature() as nature):
            world.ask(name, nature)
        case ("forget", str(name)):
            cluster.erasures.pop(name, None)
        case ("edit model", int(seed)):
            cluster.model = edited(cluster.model, seed=seed)
        case ("finish job",):
            world.finish_job()
        case ("job fails", int(code)) if cluster.active():
            cluster.fail(code)
        case ("job lost",) if job := cluster.active():
            del cluster.jobs[job.name]
        case ("job answer lost",) if job := cluster.active():
            world.finish_job()
            if cluster.jobs[job.name].state is JobState.COMPLETE:
                cluster.jobs[job.name] = replace(cluster.jobs[job.name], message=None, exit_code=None)
        case ("job waits",) if job := cluster.active():
            cluster.jobs[job.name] = replace(job, waiting_reason="ImagePullBackOff")
        case ("collect",):
            cluster.collect()
        case ("settle", str(name)):
            cluster.settle(name)
        case ("stuck", str(name)):
            found = cluster.workloads[name]
            if found.mount is not None and found.observed_generation < found.generation:
                cluster.get_stuck(name)
        case ("drift", str(name)):
            found = cluster.workloads[name]
            if found.mount is not None:
                mount = replace(found.mount, path="", key=found.mount.key if name == "canary" else "")
                cluster.workloads[name] = replace(found, mount=mount, generation=found.generation + 1)
        case ("scale", str(name), int(replicas)):
            found = cluster.workloads[name]
            cluster.workloads[name] = replace(found, wanted=replicas, generation=found.generation + 1)
        case ("tick", int(minutes)):
            cluster.now += timedelta(minutes=minutes)


@settings(max_examples=120)
@given(HISTORIES)
def test_from_any_state_the_fixed_point_is_the_desired_state(history: History) -> None:
    world = live_through(history)
    cluster = world.cluster
    cluster.model = edited(cluster.model)  # what failed under the old spec gets another chance
    world.calm_down()

    again = cluster.plan()
    assert (again.actions, again.statuses, again.events, again.wake_at) == ((), (), (), None)

    by_key = {found.key: found for found in cluster.releases.values()}
    served = [by_key[found.mount.key] if found.mount else None for found in cluster.workloads.values()]
    assert len({found.key if found else None for found in served}) == 1
    have = digests(served[0]) if served[0] else frozenset()
    kept_names = {item.name for item in content(served[0])} if served[0] else set()
    good = set()
    for item in cluster.erasures.values():
        nature, condition = world.nature(item), ready(item.status.conditions)
        assert condition is not None
        if nature is Nature.GOOD:
            good.add(item.status.digest)
            assert (condition.status, condition.reason) == ("True", "Serving"), item.metadata.name
        elif nature is Nature.UNKNOWN:
            assert (condition.status, condition.reason) == ("True", "NotPresent")
        else:
            assert condition.status == "False"
            assert condition.reason in {"GateFailed", "JobFailed"}
    assert good <= have
    bad = {
        name
        for name, item in cluster.erasures.items()
        if world.nature(item) in {Nature.BREAKS_GATES, Nature.CRASHES}
    }
    if not bad & kept_names:
        assert have == good, "something else is served than what is asked for"
    model = ready(cluster.model.status.conditions)
    assert model is not None
    assert model.status == "True"


@settings(max_examples=40)
@given(HISTORIES, st.lists(st.sampled_from(Outcome), min_size=1, max_size=8))
def test_whatever_jobs_answer_passes_come_to_rest(history: History, outcomes: list[Outcome]) -> None:
    cluster = live_through(history).cluster
    for turn in range(MOST_PASSES):
        made = cluster.reconcile()
        if not (made.actions or made.statuses or made.wake_at) and cluster.active() is None:
            break
        cluster.collect()
        if (job := cluster.active()) is not None:
            outcome = outcomes[turn % len(outcomes)]
            adds = cluster.releases[job.name].spec.document.adds
            cluster.complete(outcome, unknown={item.name: item.digest for item in adds[:1]})
        for name in cluster.workloads:
            cluster.settle(name)
        cluster.tick(minutes=61)
    else:
        raise AssertionError(f"no rest after {MOST_PASSES} passes: {cluster.plan()}")
