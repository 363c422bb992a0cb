"""Frames a second on a backlog: bare, through the service under each delivery, and by a plain loop,
in turn.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from edge.process import TiedProcess
from tests.bench.contenders import bare_rate
from tests.bench.rig import SKIPPED, Rig, save, say

_ROUNDS = 5
_FRAMES = 1600
_PLAIN_FRAMES = 500
_TRIM = 0.1
_PATIENCE = 300.0
_STOP_SECONDS = 25.0


def measure_throughput(rig: Rig) -> float:
    """Print and save the rates and their ratios; returns the service's median rate."""
    rig.create_topic("backlog")
    rig.fill("backlog", _FRAMES)
    names = ("bare", "service", "exactly-once", "plain loop")
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(_ROUNDS):
        rates["bare"].append(bare_rate(rig, _FRAMES // 2))
        rates["service"].append(_through_kafka(rig, f"service-{number}", _FRAMES))
        rates["exactly-once"].append(_through_kafka(rig, f"exactly-once-{number}", _FRAMES))
        rates["plain loop"].append(_through_kafka(rig, f"plain-{number}", _PLAIN_FRAMES))
    for name, values in rates.items():
        spread = f"{min(values):.0f} to {max(values):.0f}"
        say(f"{name:<12} {median(values):6.0f} frames/s   ({spread}, {_ROUNDS} rounds)")
    of_bare = by_round(rates["service"], rates["bare"])
    of_plain = by_round(rates["service"], rates["plain loop"])
    of_service = by_round(rates["exactly-once"], rates["service"])
    say(f"service / bare          {median(of_bare):.2f}   (aim: 0.80 or more)")
    say(f"service / plain loop    {median(of_plain):.2f}   (aim: 2 or more)")
    say(f"exactly-once / service  {median(of_service):.2f}   (aim: 0.90 or more)")
    ratios = {"of_bare": of_bare, "of_plain": of_plain, "of_service": of_service}
    save("throughput", {"rates": rates, **ratios})
    return median(rates["service"])


def rate_of_one_round(rig: Rig) -> float:
    """The service's rate, for a part that wants a load to go with it and no figure."""
    rig.create_topic("one-round")
    rig.fill("one-round", _FRAMES // 2)
    rate = service_rate(rig, "one-round-results", _FRAMES // 2, ("--frames-topic", "one-round"))
    say(f"service      {rate:6.0f} frames/s   (one round)")
    return rate


def service_command(rig: Rig, results: str, trace: Path | None) -> list[str]:
    """A service member of a group of its own, with the engine that the rig has built. One that
    traces keeps the latencies of every frame in memory, the others are what a user runs.
    """
    member = ["edge.cli", "run"] if trace is None else ["tests.bench.member", str(trace)]
    return [
        *(sys.executable, "-m", *member),
        *("--bundle", str(rig.bundle.folder), "--metrics-port", "0"),
        *("--bootstrap-servers", rig.kafka.bootstrap_servers, "--group", results),
        *("--results-topic", results, "--dead-letters-topic", f"{results}.dead"),
        *("--skipped-topic", SKIPPED),
    ]


def service_rate(rig: Rig, name: str, expected: int, words: Sequence[str]) -> float:
    """Frames a second that the service as a user runs it makes of a backlog; `words` name that."""
    rig.create_topic(name)
    rig.create_topic(f"{name}.dead")
    command = [*service_command(rig, name, None), *words]
    topic = words[words.index("--frames-topic") + 1]
    _run_until(rig, name, command, lambda: rig.committed(topic, group=name) >= expected)
    return _steady_rate(rig.append_times(name)[:expected])


def _through_kafka(rig: Rig, name: str, expected: int) -> float:
    plain = name.startswith("plain")
    rig.create_topic(name)
    rig.create_topic(f"{name}.dead")

    def done() -> bool:
        found = rig.count(name) if plain else rig.committed("backlog", group=name)
        return found >= expected

    trace = rig.folder / f"{name}.json"
    if not plain:
        delivery = "exactly-once" if name.startswith("exactly-once") else "at-least-once"
        command = [*service_command(rig, name, trace), "--frames-topic", "backlog"]
        command += ["--delivery", delivery]
    else:
        server, model = rig.kafka.bootstrap_servers, str(rig.model)
        command = [sys.executable, "-m", "tests.bench.contenders", server, "backlog", name, model]
    _run_until(rig, name, command, done)
    return _steady_rate(rig.append_times(name)[:expected])


def _run_until(rig: Rig, name: str, command: Sequence[str], done: Callable[[], bool]) -> None:
    process = TiedProcess(name, command, rig.folder / f"{name}.log")
    process.start()
    try:
        process.wait_until(lambda: paused(done), _PATIENCE)
    finally:
        process.stop(_STOP_SECONDS)


def paused(done: Callable[[], bool]) -> bool:
    """Whether it is, a second from now: counting costs the machine under test."""
    time.sleep(1.0)
    return done()


def _steady_rate(times: list[float]) -> float:
    """Records a second without the first tenth, in which caches and threads warm up."""
    steady = times[int(len(times) * _TRIM) :]
    return (len(steady) - 1) / (steady[-1] - steady[0])


def by_round(left: list[float], right: list[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(left, right, strict=True)]
