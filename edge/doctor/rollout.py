"""Whether a node can take part in roll-outs: its folder for bundles, and the two topics."""

from collections.abc import Iterator

from deploy.bundle.errors import Fatal
from edge.doctor.finding import Finding, fail, ok
from edge.kafka.inventory import TopicFacts, topic_facts
from edge.rollout.start import home_of
from edge.settings.kafka import KafkaSettings
from edge.settings.rollout import RolloutSettings
from edge.settings.topics import TopicSettings


def check_bundles(settings: RolloutSettings) -> Iterator[Finding]:
    """Whether bundles can be kept, where --slot is given; the folder is not made."""
    home = home_of(settings)
    if home is None:
        return
    folder = home.store.folder
    if not folder.exists():
        yield ok("bundles cache", f"{folder} will be made; this node is {home.node}")
        return
    try:
        home.store.open()
    except Fatal as error:
        yield fail("bundles cache", str(error), "Name another with --bundles-cache, or mend it.")
        return
    serving = home.store.recall(home.node).serving
    what = f"generation {serving.generation}" if serving.digest else "nothing rolled out yet"
    yield ok("bundles cache", f"{folder}; this node is {home.node}, {what}")


def check_models(
    kafka: KafkaSettings, topics: TopicSettings, settings: RolloutSettings
) -> Iterator[Finding]:
    """A finding for each topic of roll-outs, where --slot is given.

    Raises:
        Unavailable: no broker answers.
    """
    if settings.slot is None:
        return
    names = (topics.models_topic, topics.models_status_topic)
    for facts in topic_facts(kafka, names).values():
        yield _topic(facts)


def _topic(facts: TopicFacts) -> Finding:
    check = f"topic {facts.name}"
    if not facts.partitions:
        advice = "yardlight-edge topics create, or grant the rights on it if it exists."
        return fail(check, "is not there, or may not be seen", advice)
    policy = facts.limits.get("cleanup.policy")
    if policy is not None and "compact" not in policy:
        found = f"cleanup.policy is {policy}: after a while nodes are not told what to run"
        return fail(check, found, "Set cleanup.policy=compact on it.")
    return ok(check, f"copies: {facts.replication}, the newest word of each is kept")
