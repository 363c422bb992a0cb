"""What every benchmark stands on: a real broker, a real network, frames of camera size."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.bundle.manifest import Bundle, open_bundle
from deploy.engines.device import core_count
from edge.cameras.picture import encode_jpeg
from edge.cameras.simulated import SimulatedCamera
from edge.frame import Partition
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin, TopicPlan
from edge.settings.kafka import KafkaSettings
from tests.brokers.apache import ApacheKafka
from tests.brokers.java import availability

SHARED = Path(__file__).parents[3] / "shared"
WIDTH, HEIGHT = 1280, 720
PARTITIONS = 4
SKIPPED = "skipped"
"""The topic of skipped frames of every service here; nothing is skipped."""
_JPEG_QUALITY = 60
_EVERY = 3


@dataclass(frozen=True, slots=True)
class Rig:
    """A broker with a bundle and encoded frames to run through it."""

    kafka: KafkaSettings
    broker: ApacheKafka
    model: Path
    """The network as it came, before it was imported."""
    bundle: Bundle
    frames: Sequence[bytes]
    folder: Path
    counter: Any
    """A consumer that only counts; it costs the machine under test next to nothing."""
    counting: Lock = field(default_factory=Lock)

    def create_topic(self, name: str, **config: str) -> None:
        with TopicAdmin(self.kafka) as admin:
            admin.create([TopicPlan(name, PARTITIONS, 1, config)])

    def fill(self, topic: str, count: int) -> None:
        """Append `count` frames, spread over the partitions."""
        producer = KafkaProducer(bootstrap_servers=self.kafka.servers, batch_size=1 << 20)
        for number in range(count):
            data = self.frames[number % len(self.frames)]
            key = f"camera-{number % PARTITIONS}".encode()
            producer.send(topic, data, key, partition=number % PARTITIONS)
        producer.flush()
        producer.close()

    def count(self, topic: str) -> int:
        """Records in a topic that nothing was deleted from."""
        with self.counting:
            numbers = self.counter.partitions_for_topic(topic) or set()
            ends = self.counter.end_offsets([TopicPartition(topic, number) for number in numbers])
        return sum(ends.values())

    def committed(self, topic: str, group: str) -> int:
        """Frames of a topic that a group is done with. Records of a transaction's end, which count
        among the offsets of its results, are none of them.
        """
        with TopicReader(self.kafka, group) as reader:
            return sum(reader.committed(at) or 0 for at in reader.partitions(topic))

    def append_times(self, topic: str) -> list[float]:
        """When each record was appended, Unix seconds, ascending."""
        with TopicReader(self.kafka) as reader:
            return sorted(record.timestamp for record in reader.read(reader.bounds(topic)))

    def ends(self, topic: str) -> dict[Partition, int]:
        with TopicReader(self.kafka) as reader:
            return {at: held.end for at, held in reader.bounds(topic).items()}


@contextmanager
def rig() -> Iterator[Rig]:
    """Apache Kafka, the ImageNet network if it is here, simulated frames of 1280x720."""
    state = availability()
    if not state.ok:
        raise SystemExit(f"the benchmarks need Apache Kafka: {state.reason}")
    with tempfile.TemporaryDirectory(prefix="yardlight-bench-") as name:
        folder = Path(name)
        model, bundle = import_imagenet(folder)
        frames = _frames(48)
        size = sum(map(len, frames)) / len(frames)
        say(f"network {bundle.manifest.name}, frames {WIDTH}x{HEIGHT}, {size / 1000:.0f} kB each")
        with ApacheKafka() as broker:
            kafka = KafkaSettings(bootstrap_servers=broker.address)
            with closing(KafkaConsumer(bootstrap_servers=broker.address)) as counter:
                made = Rig(kafka, broker, model, bundle, frames, folder, counter)
                made.create_topic(SKIPPED)
                yield made


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_load() -> None:
    """How busy this machine is with others' work: call it before there is any of ours."""
    load, cores = os.getloadavg()[0], core_count()
    note = "" if load < cores / 2 else ": NOT A FIGURE FOR AN AIM, others use this machine"
    say(f"load {load:.1f} on {cores} cores before the start{note}")


def save(name: str, document: dict[str, Any]) -> None:
    """Keep a result as JSON in the ignored folder `bench-results`."""
    folder = Path("bench-results")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def import_imagenet(folder: Path) -> tuple[Path, Bundle]:
    """MobileNetV2 as it came and as a bundle in `folder`; random weights where it is absent."""
    model = SHARED / "weights" / "mobilenetv2_imagenet.onnx"
    labels = SHARED / "weights" / "imagenet_labels.txt"
    if not model.exists():
        say(f"NOT THE PROMISED FIGURE: {model} is absent, one with random weights runs instead")
        model, labels = _random_mobilenet(folder)
    place = folder / "mobilenetv2"
    command = [
        *(sys.executable, "-m", "deploy.cli", "import", str(model)),
        *("--labels", str(labels), "--size", "224"),
        *("--mean", "127.5", "--std", "127.5", "--layout", "nchw", "--out", str(place)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return model, open_bundle(place)


def _random_mobilenet(folder: Path) -> tuple[Path, Path]:
    """MobileNetV2 as torchvision draws it: the same work for each frame, and no sense in it."""
    import torch
    from torchvision.models import mobilenet_v2

    model, labels = folder / "random.onnx", folder / "labels.txt"
    example = (torch.zeros(1, 3, 224, 224),)
    network = mobilenet_v2().eval()
    torch.onnx.export(network, example, model, dynamo=True, dynamic_shapes=({0: "N"},))
    labels.write_text("".join(f"class {number}\n" for number in range(1000)), encoding="utf-8")
    return model, labels


def _frames(count: int) -> list[bytes]:
    """Frames as an IP camera of that resolution sends them, 60 to 90 kB each."""
    camera = SimulatedCamera("bench", 7, WIDTH, HEIGHT)
    moments = range(0, count * _EVERY, _EVERY)
    return [encode_jpeg(camera.shot(moment).pixels, _JPEG_QUALITY) for moment in moments]
