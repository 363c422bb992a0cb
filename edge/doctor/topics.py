"""Whether the topics exist and their limits fit what the service does with them."""

from collections.abc import Iterator, Mapping

from edge.doctor.finding import Finding, fail, ok, warn
from edge.kafka.inventory import TopicFacts, broker_count, topic_facts
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

_LARGEST = "max.message.bytes"
_RETENTION = "retention.ms"
_IN_SYNC = "min.insync.replicas"
_RESULT_BYTES = 64 << 10
"""Far more than a classification takes."""
_SHORT_MS = 3_600_000


def check_topics(
    kafka: KafkaSettings, topics: TopicSettings, max_frame_bytes: int
) -> Iterator[Finding]:
    """A finding for each topic that exists or should, and for each limit that does not fit.

    Raises:
        Unavailable: no broker answers.
    """
    names = (topics.frames_topic, topics.results_topic, topics.dead_letters_topic)
    facts = topic_facts(kafka, names)
    brokers = broker_count(kafka)
    for name in names:
        yield from _topic(facts[name], brokers)
    yield from _sizes(facts, topics, max_frame_bytes)
    yield from _ages(facts, topics)


def _topic(facts: TopicFacts, brokers: int) -> Iterator[Finding]:
    check = f"topic {facts.name}"
    if not facts.partitions:
        advice = "yardlight-edge topics create, or grant the rights on it if it exists."
        yield fail(check, "is not there, or may not be seen", advice)
        return
    yield ok(check, f"partitions: {facts.partitions}, copies of each: {facts.replication}")
    in_sync = facts.limit(_IN_SYNC)
    if in_sync is None:
        advice = "Grant DescribeConfigs on it, see the rights above."
        yield warn(f"limits of {facts.name}", "may not be seen", advice)
        return
    yield from _copies(facts, in_sync, brokers)
    if "compact" in facts.limits.get("cleanup.policy", ""):
        found = "compact: only the newest record of each camera stays"
        advice = "Set cleanup.policy=delete on it."
        yield fail(f"cleanup.policy of {facts.name}", found, advice)


def _copies(facts: TopicFacts, in_sync: int, brokers: int) -> Iterator[Finding]:
    copies = facts.replication
    check, found = f"{_IN_SYNC} of {facts.name}", f"{in_sync}, and the topic's copies: {copies}"
    if in_sync > copies:
        advice = f"Set {_IN_SYNC} to {copies} or add copies: nothing can be written like this."
        yield fail(check, found, advice)
    elif in_sync == copies > 1:
        advice = f"Set {_IN_SYNC} to {copies - 1}: one broker away stops all writing."
        yield warn(check, found, advice)
    elif copies == 1 < brokers:
        advice = "Give it more copies: one disk holds all of it."
        yield warn(f"copies of {facts.name}", f"one, on one of {brokers} brokers", advice)


def _sizes(
    facts: Mapping[str, TopicFacts], topics: TopicSettings, max_frame_bytes: int
) -> Iterator[Finding]:
    frames = facts[topics.frames_topic].limit(_LARGEST)
    letters = facts[topics.dead_letters_topic].limit(_LARGEST)
    results = facts[topics.results_topic].limit(_LARGEST)
    if frames is not None and frames < max_frame_bytes:
        yield warn(
            f"{_LARGEST} of {topics.frames_topic}",
            f"{frames} bytes, less than max-frame-bytes {max_frame_bytes}: larger ones never come",
            f"Set {_LARGEST} to {max_frame_bytes} or more on it, or max-frame-bytes to {frames}.",
        )
    if frames is not None and letters is not None and letters < frames:
        yield fail(
            f"{_LARGEST} of {topics.dead_letters_topic}",
            f"{letters} bytes, less than the {frames} of {topics.frames_topic}: a large frame that "
            "cannot be classified does not fit",
            f"Set {_LARGEST} to {frames} or more on it.",
        )
    if results is not None and results < _RESULT_BYTES:
        yield fail(
            f"{_LARGEST} of {topics.results_topic}",
            f"{results} bytes: a classification may not fit",
            f"Set {_LARGEST} to {_RESULT_BYTES} or more on it.",
        )


def _ages(facts: Mapping[str, TopicFacts], topics: TopicSettings) -> Iterator[Finding]:
    frames = _kept_ms(facts[topics.frames_topic])
    if frames < _SHORT_MS:
        yield warn(
            f"{_RETENTION} of {topics.frames_topic}",
            f"{frames:.0f} ms: frames are gone before an outage of that length is over",
            f"Set {_RETENTION} to {_SHORT_MS} or more on it.",
        )
    for name in (topics.results_topic, topics.dead_letters_topic):
        kept = _kept_ms(facts[name])
        if kept < frames:
            yield warn(
                f"{_RETENTION} of {name}",
                f"{kept:.0f} ms, shorter than that of {topics.frames_topic}: the audit cannot tell "
                "what became of older frames",
                f"Set {_RETENTION} on it to that of {topics.frames_topic}.",
            )


def _kept_ms(facts: TopicFacts) -> float:
    kept = facts.limit(_RETENTION)
    return float("inf") if kept is None or kept < 0 else float(kept)
