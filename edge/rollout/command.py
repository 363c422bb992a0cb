"""`yardlight-edge rollout`: another bundle for every node of a slot; status; back."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from cyclopts import App, Parameter
from rich.console import Console

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import digest_of, parse_manifest
from deploy.bundle.typed import Seconds
from edge.acls import Consumer, acls_of
from edge.cloudevents import format_time
from edge.kafka.access import insist_on_access
from edge.kafka.reader import TopicReader
from edge.observe.logs import configure_logs
from edge.rollout.fetching import manifest_of
from edge.rollout.ordering import Next, Ordering
from edge.rollout.plan import BundleDigest, TrialSettings
from edge.rollout.remote import reader_of
from edge.rollout.text import document_of, step_text, table_of, wanted_text, warnings_of
from edge.rollout.waiting import Waiting, statuses
from edge.rollout.words import ORDER_SCHEMA, BundlePlace, Desired, NodeStatus
from edge.setting_types import NodeName
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

app = App(name="rollout", help="Another bundle for every node of a slot; how far they are; back.")

Json: TypeAlias = Annotated[bool, Parameter("--json", negative="")]
Flag: TypeAlias = Annotated[bool, Parameter(negative="")]
_TIMEOUT = 1800.0


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a slot's roll-outs are written and read."""

    name: str
    kafka: KafkaSettings
    topics: TopicSettings

    @property
    def ordering(self) -> Ordering:
        return Ordering(self.kafka, self.topics.models_topic, self.name)


@app.default
def rollout(
    *,
    slot: NodeName,
    bundle: str,
    digest: BundleDigest | None = None,
    trial: TrialSettings | None = None,
    wait: Flag = False,
    timeout: Seconds = _TIMEOUT,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    as_json: Json = False,
) -> int:
    """Have every node of a slot fetch, try and run a bundle. Returns at once unless told to wait.

    Exit status: 1 if another roll-out came right after it, or, with --wait, if a node did not come
    to serve it.

    Args:
        slot: whose nodes; those that were started with `run --slot`.
        bundle: folder of the bundle as nodes reach it: an absolute path, or an address that begins
            with https:, s3: or whatever fsspec knows. A relative path is one on this machine.
        digest: of the bundle, where its manifest cannot be read from this machine.
        wait: until it has come to an end on every node.
        timeout: seconds to wait, at most.
        as_json: print what was written, and the nodes, for machines.
    """
    at = _opened("rollout", slot, kafka, topics)
    uri = _absolute(bundle)
    place = BundlePlace(uri, digest or _digest_at(uri))
    plan = trial or TrialSettings()
    following = _following(slot, place, plan)
    return _order(at, following, wait=wait, timeout=timeout, as_json=as_json)


@app.command
def back(
    *,
    slot: NodeName,
    trial: TrialSettings | None = None,
    wait: Flag = False,
    timeout: Seconds = _TIMEOUT,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    as_json: Json = False,
) -> int:
    """Roll out again what was wanted before the newest roll-out.

    Args:
        slot: whose nodes.
        wait: until it has come to an end on every node.
        timeout: seconds to wait, at most.
        as_json: print what was written, and the nodes, for machines.
    """
    at = _opened("rollout", slot, kafka, topics)
    plan = trial or TrialSettings()

    def following(newest: Desired | None) -> Desired:
        if newest is None or newest.previous is None:
            raise Fatal(f"slot {slot} has no roll-out before the newest one to go back to")
        return _following(slot, newest.previous, plan)(newest)

    return _order(at, following, wait=wait, timeout=timeout, as_json=as_json)


@app.command
def status(
    *,
    slot: NodeName,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    as_json: Json = False,
) -> None:
    """Show what is wanted of a slot, and how far each of its nodes is.

    Args:
        slot: whose nodes.
        as_json: one JSON document.
    """
    at = _opened("rollout status", slot, kafka, topics)
    wanted = at.ordering.newest()
    with TopicReader(at.kafka) as reader:
        nodes = statuses(reader.read_all(at.topics.models_status_topic), slot)
    if as_json:
        sys.stdout.write(document_of(nodes, wanted, slot) + "\n")
        return
    sys.stdout.write(wanted_text(wanted, slot) + "\n")
    if nodes:
        Console().print(table_of(nodes, wanted))
        _warn(nodes)
    else:
        sys.stdout.write("no node was heard of: `yardlight-edge run --slot` takes part\n")


def _opened(
    command: Consumer, slot: str, kafka: KafkaSettings | None, topics: TopicSettings | None
) -> _Slot:
    """With the rights that a command takes."""
    configure_logs("error", "auto")
    at = _Slot(slot, kafka or KafkaSettings(), topics or TopicSettings())
    insist_on_access(at.kafka, acls_of(command, at.topics, ""))
    return at


def _absolute(bundle: str) -> str:
    """A path as nodes may find it too; an address stays as it is.

    Raises:
        Fatal: neither was given, as by a variable of the shell that is not set.
    """
    if not bundle.strip():
        raise Fatal("--bundle is empty: a folder or an address was expected")
    is_address = "://" in bundle or bundle.startswith("file:")
    return bundle if is_address else str(Path(bundle).absolute())


def _digest_at(uri: str) -> str:
    text = manifest_of(reader_of(uri), uri)
    parse_manifest(text, f"{uri}/bundle.json")
    return digest_of(text)


def _following(slot: str, place: BundlePlace, plan: TrialSettings) -> Next:
    def following(newest: Desired | None) -> Desired:
        return Desired(
            schema=ORDER_SCHEMA,
            slot=slot,
            uri=place.uri,
            digest=place.digest,
            generation=1 if newest is None else newest.generation + 1,
            issued_at=format_time(time.time()),
            shadow=plan.shadow,
            bounds=plan.bounds,
            previous=None if newest is None else newest.place,
        )

    return following


def _order(at: _Slot, following: Next, *, wait: bool, timeout: float, as_json: bool) -> int:
    """Write it, say so, and wait for what becomes of it, where that is asked for."""
    desired = at.ordering.order(following)
    if not as_json:
        sys.stdout.write(wanted_text(desired, at.name) + "\n")
    elif not wait:
        sys.stdout.write(json.dumps(msgspec.to_builtins(desired), indent=2) + "\n")
    if not wait:
        return DONE
    waiting = Waiting(at.kafka, at.topics, desired, _quiet if as_json else _tell)
    over = waiting.wait(timeout)
    if as_json:
        sys.stdout.write(document_of(waiting.alive, desired, at.name) + "\n")
    _warn(waiting.alive)
    if not over:
        behind = ", ".join(sorted(waiting.behind)) or "no node was heard of"
        sys.stderr.write(f"not over after {timeout:g} s: {behind}\n")
    return DONE if waiting.served else FAILED


def _warn(nodes: Sequence[NodeStatus]) -> None:
    for line in warnings_of(nodes):
        sys.stderr.write(f"warning: {line}\n")


def _tell(one: NodeStatus) -> None:
    sys.stdout.write(step_text(one) + "\n")
    sys.stdout.flush()


def _quiet(_: NodeStatus) -> None:
    """The document at the end says it."""
