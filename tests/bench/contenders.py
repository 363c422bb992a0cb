"""What the service is compared with: the same work without Kafka, and the loop one would write."""

import json
import sys
import time
from threading import Thread

import cv2
import numpy as np
import onnxruntime
from kafka import KafkaConsumer, KafkaProducer

from deploy.bundle.limits import Limits
from deploy.bundle.pixels import frame_to_pixels
from deploy.engines import catalogue
from deploy.engines.kinds import DEFAULT_MAX_BATCH
from deploy.engines.protocol import Engine, Session
from tests.bench.rig import Rig

_BATCH = 8


def bare_rate(rig: Rig, count: int) -> float:
    """Frames a second of decoder and engine on all cores, with no Kafka at all."""
    spec, limits = rig.bundle.manifest.input, Limits()
    cv2.setNumThreads(1)
    engine = _engine(rig)

    def work(session: Session, share: int) -> None:
        for start in range(0, share, _BATCH):
            frames = (rig.frames[(start + n) % len(rig.frames)] for n in range(_BATCH))
            session.run(np.stack([frame_to_pixels(frame, spec, limits) for frame in frames]))

    share = count // engine.concurrency // _BATCH * _BATCH
    threads = [
        Thread(target=work, args=(engine.session(), share)) for _ in range(engine.concurrency)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share * engine.concurrency / (time.perf_counter() - start)


def bare_frame_seconds(rig: Rig, runs: int = 200) -> float:
    """Median seconds to decode and classify one frame alone."""
    spec, limits = rig.bundle.manifest.input, Limits()
    cv2.setNumThreads(1)
    session = _engine(rig).session()
    taken = []
    for number in range(runs):
        frame = rig.frames[number % len(rig.frames)]
        start = time.perf_counter()
        session.run(frame_to_pixels(frame, spec, limits)[None])
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def plain_loop(bootstrap: str, frames_topic: str, results_topic: str, model: str) -> None:
    """kafka-python → cv2.imdecode → ONNX Runtime, batch 1 → send: what one writes first.

    Every library as it comes. `model` takes float32 [1, 3, 224, 224] in -1…1.
    """
    session = onnxruntime.InferenceSession(model)
    (pixels,) = session.get_inputs()
    consumer = KafkaConsumer(
        frames_topic,
        bootstrap_servers=bootstrap,
        group_id=f"plain-{results_topic}",
        auto_offset_reset="earliest",
    )
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for record in consumer:
        picture = cv2.imdecode(np.frombuffer(record.value, np.uint8), cv2.IMREAD_COLOR)
        picture = cv2.cvtColor(cv2.resize(picture, (224, 224)), cv2.COLOR_BGR2RGB)
        planes = (picture.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        (scores,) = session.run(None, {pixels.name: planes})
        label = json.dumps({"label": int(scores[0].argmax())})
        producer.send(results_topic, label.encode(), record.key)


def _engine(rig: Rig) -> Engine:
    wanted = catalogue.fingerprint(
        rig.bundle, catalogue.choose("auto").kind, "fp32", DEFAULT_MAX_BATCH
    )
    folder = catalogue.find(wanted, [rig.bundle.engines])
    assert folder is not None, "the rig builds the engine first"
    return catalogue.load(rig.bundle, folder, wanted.kind, wanted.precision)


if __name__ == "__main__":
    plain_loop(*sys.argv[1:5])
