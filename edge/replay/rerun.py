"""Records of frames to outcomes, in their order, by the code that the service uses."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue

from edge.frame import Frame, Stamps
from edge.outcome import Outcome
from edge.pipeline import arrival
from edge.pipeline.classify import Classifier
from edge.record import Record


def frame_of(record: Record, clock: Callable[[], float], wall: float) -> Frame:
    """The frame of a record. Its latency begins now: how long it lay there is no news.

    Args:
        wall: now, Unix seconds.
    """
    polled = clock()
    frame, _ = arrival.frame_of(record, polled=polled, now=wall)
    frame.stamps = Stamps(appended=polled, polled=polled)
    return frame


def rerun(
    frames: Iterable[Frame], classifiers: Sequence[Classifier], batch: int
) -> Iterator[Outcome]:
    """One outcome for each frame, in their order.

    Each classifier works in a thread; no more than two batches for each are held at a time.

    Raises:
        Unavailable: the device cannot run a batch now.
        Fatal: the device is gone.
    """
    idle: SimpleQueue[Classifier] = SimpleQueue()
    for classifier in classifiers:
        idle.put(classifier)

    def classify(taken: list[Frame]) -> list[Outcome]:
        classifier = idle.get()
        try:
            return classifier.classify(taken)
        finally:
            idle.put(classifier)

    left, under_way = iter(frames), deque[Future[list[Outcome]]]()
    with ThreadPoolExecutor(len(classifiers), "rerun") as pool:
        while taken := list(islice(left, batch)):
            under_way.append(pool.submit(classify, taken))
            if len(under_way) >= 2 * len(classifiers):
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
