"""A rerun from beginning to end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from threading import Event

import cv2

from deploy.bundle.errors import Fatal
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.signature import read_trust
from edge.bar import Watch
from edge.frame import Frame, Partition, Range
from edge.freshness import Freshness
from edge.isolation.isolated import Isolated, insist_on_children
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.kafka.stretch import stretches_of
from edge.kafka.topics import TopicAdmin, TopicPlan
from edge.outcome import Classified
from edge.pipeline.classify import Classifier
from edge.pipeline.messages import MessageWriter
from edge.provision import Provision, provide_engine
from edge.replay.comparison import Comparison
from edge.replay.live import read_live, said_of
from edge.replay.published import Published
from edge.replay.rerun import frame_of, rerun
from edge.replay.settings import ReplaySettings
from edge.replay.summary import Summary
from edge.wire import ClassificationWriter


class Rerun:
    """Run once; `summary` and `comparison` tell afterwards how far it came."""

    def __init__(self, settings: ReplaySettings, stop: Event, tell: Watch) -> None:
        """`tell` hears now and then how many frames are done, and how many offsets there are."""
        self._settings = settings
        self._stop = stop
        self._tell = tell
        self.summary = Summary("", settings.into)
        self.comparison: Comparison | None = None

    def run(self) -> None:
        """Run until the end of the range, or until told to stop.

        Raises:
            Fatal: a setting is wrong; a topic or the bundle is not there.
            Unavailable: the broker stopped answering.
        """
        self._settings.check()
        trust = read_trust(self._settings.engine.trust)
        bundle = open_bundle(self._settings.bundle, trust.vouch)
        with TopicReader(self._settings.kafka) as reader:
            asked, held = self._look(reader)
            provision = provide_engine(bundle, self._settings.engine, self._stop.wait)
            if provision is None:
                return
            with closing(provision.engine):
                if self._settings.compare:
                    self.comparison = self._live_side(reader, asked, bundle)
                self._classify(self._frames(reader, asked, held), bundle, provision)

    def _look(
        self, reader: TopicReader
    ) -> tuple[Mapping[Partition, Range], Mapping[Partition, Range]]:
        """The offsets that were asked for, and those that are kept; every topic is there."""
        settings, topics = self._settings, self._settings.topics
        held = reader.bounds(topics.frames_topic)
        if not held:
            raise Fatal(f"topic {topics.frames_topic} does not exist: there are no frames to run")
        if settings.compare and not reader.partitions(topics.results_topic):
            raise Fatal(f"topic {topics.results_topic} does not exist: nothing to compare with")
        asked = stretches_of(reader, topics.frames_topic, settings.span, held)
        if settings.into is not None and not reader.partitions(settings.into):
            self._create(settings.into, len(held))
        return asked, held

    def _live_side(
        self, reader: TopicReader, asked: Mapping[Partition, Range], bundle: Bundle
    ) -> Comparison:
        settings, activation = self._settings, bundle.manifest.outputs.activation
        live = read_live(
            reader, settings.topics, settings.group, asked, activation, self._stop.is_set
        )
        return Comparison(live, settings.examples)

    def _create(self, topic: str, partitions: int) -> None:
        if not self._settings.create_topics:
            raise Fatal(f"topic {topic} does not exist: --create-topics would make it")
        with TopicAdmin(self._settings.kafka) as admin:
            admin.create([TopicPlan(topic, partitions, replication=-1, config={})])

    def _frames(
        self,
        reader: TopicReader,
        asked: Mapping[Partition, Range],
        held: Mapping[Partition, Range],
    ) -> Iterator[Frame]:
        total = sum(within.end - within.start for within in asked.values())
        kept = {
            at: Range(max(within.start, held[at].start), within.end) for at, within in asked.items()
        }
        for record in reader.read(kept):
            if self._stop.is_set():
                return
            self._tell(self.summary.frames, total)
            yield frame_of(record, time.monotonic, time.time())
        self.summary.complete = True

    def _classify(self, frames: Iterator[Frame], bundle: Bundle, provision: Provision) -> None:
        # Each session decodes in its own thread; OpenCV must not start more for one picture.
        cv2.setNumThreads(1)
        settings, made = self._settings, provision.record.fingerprint
        name = f"{bundle.manifest.name} {bundle.manifest.version}, {made.kind} {made.precision}"
        self.summary.engine = name
        with ExitStack() as stack:
            classifiers = [
                self._classifier(bundle, provision, self._decoder(bundle, stack))
                for _ in range(provision.engine.concurrency)
            ]
            published = self._published(stack)
            writer = self._writer(bundle, provision)
            activation = bundle.manifest.outputs.activation
            for outcome in rerun(frames, classifiers, settings.engine.max_batch):
                self.summary.note(outcome)
                if self.comparison is not None:
                    self.comparison.note(outcome.frame, said_of(outcome, activation))
                if published is not None and isinstance(outcome, Classified):
                    published.send(writer.write(outcome))
            if published is not None:
                published.finish()
                self.summary.written = published.count

    def _published(self, stack: ExitStack) -> Published | None:
        if self._settings.into is None:
            return None
        sink = stack.enter_context(closing(RecordSink(self._settings.kafka, "yardlight-replay")))
        sink.open()
        return Published(sink)

    def _decoder(self, bundle: Bundle, stack: ExitStack) -> Callable[[bytes], Pixels] | None:
        """A child process that decodes, where that is asked for."""
        wanted, manifest = self._settings.isolation, bundle.manifest
        if not wanted.isolate_decode:
            return None
        insist_on_children()
        child = Isolated(
            manifest.input,
            self._limits,
            len(manifest.labels),
            None,
            hang_seconds=wanted.hang_seconds,
            still=lambda: None,
        )
        return stack.enter_context(closing(child)).decode

    @property
    def _limits(self) -> Limits:
        return Limits(self._settings.max_frame_bytes, self._settings.max_frame_pixels)

    def _classifier(
        self,
        bundle: Bundle,
        provision: Provision,
        decoder: Callable[[bytes], Pixels] | None,
    ) -> Classifier:
        settings = self._settings
        return Classifier(
            session=provision.engine.session(),
            input=bundle.manifest.input,
            labels=bundle.manifest.labels,
            limits=self._limits,
            top=settings.top,
            clock=time.monotonic,
            # A rerun looks at what is past, so nothing is too late for it.
            freshness=Freshness(),
            decoder=decoder,
        )

    def _writer(self, bundle: Bundle, provision: Provision) -> MessageWriter:
        """Its group names bundle and engine, so the same rerun twice makes the same `ce_id`s."""
        settings, made = self._settings, provision.record.fingerprint
        manifest = bundle.manifest
        return MessageWriter(
            f"replay-{manifest.name}-{manifest.version}-{made.kind}-{made.precision}",
            replace(settings.topics, results_topic=settings.into or ""),
            ClassificationWriter(bundle, provision.record),
            time.monotonic,
            time.time,
        )
