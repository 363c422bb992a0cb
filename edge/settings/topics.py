"""Names of the topics."""

from collections import Counter
from dataclasses import astuple, dataclass

from cyclopts import Parameter

from edge.setting_types import TopicName


def _all_different(_: type, topics: "TopicSettings | None") -> None:
    """The service would read what it writes, for ever."""
    if topics is None:
        return
    ((name, times),) = Counter(astuple(topics)).most_common(1)
    if times > 1:
        raise ValueError(
            f"Frames, classifications, dead letters, skipped frames, models and their status need "
            f"a topic each; {name!r} stands for {times} of them."
        )


@Parameter(name="*", group="Topics", validator=_all_different)
@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """Names of the topics."""

    frames_topic: TopicName = "frames"
    """Where encoded frames are read."""

    results_topic: TopicName = "classifications"
    """Where classifications are written."""

    dead_letters_topic: TopicName = "frames.dead-letters"
    """Where frames go that can never be classified, with the reason."""

    skipped_topic: TopicName = "frames.skipped"
    """Where frames are recorded that were not classified on purpose."""

    models_topic: TopicName = "models"
    """Where it says which bundle the nodes of each slot should run (compacted)."""

    models_status_topic: TopicName = "models.status"
    """Where each node says how far it is with that (compacted)."""
