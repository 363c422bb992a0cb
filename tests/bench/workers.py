"""Frames a second on a backlog with one worker and with two, in turn.

On a processor one process has every core to decode and infer already, so two show what a supervisor
and a second interpreter cost; what they gain is for GPUs, where Python is the limit.
"""

from statistics import median

from tests.bench.rig import Rig, save, say
from tests.bench.throughput import by_round, service_rate

_ROUNDS = 3
_FRAMES = 1200
_WORKERS = (1, 2)


def measure_workers(rig: Rig) -> None:
    """Print and save the rates and their ratio."""
    rig.create_topic("backlog-of-workers")
    rig.fill("backlog-of-workers", _FRAMES)
    rates: dict[int, list[float]] = {workers: [] for workers in _WORKERS}
    for number in range(_ROUNDS):
        for workers, seen in rates.items():
            words = ("--frames-topic", "backlog-of-workers", "--workers", str(workers))
            seen.append(service_rate(rig, f"workers-{workers}-{number}", _FRAMES, words))
    for workers, values in rates.items():
        spread = f"{min(values):.0f} to {max(values):.0f}"
        say(f"{workers} worker(s)  {median(values):6.0f} frames/s   ({spread}, {_ROUNDS} rounds)")
    of_one = by_round(rates[2], rates[1])
    say(f"two workers / one       {median(of_one):.2f}")
    save("workers", {"rates": {str(it): values for it, values in rates.items()}, "of_one": of_one})
