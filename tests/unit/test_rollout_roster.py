"""Services of one name are shown as what they are, and a restart is no second service."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.cloudevents import format_time
from edge.rollout.roster import HEARTBEAT_SECONDS, Roster, shared_names
from edge.rollout.text import document_of, step_text, table_of, wanted_text, warnings_of
from edge.rollout.words import NodeStatus, read_status, write
from tests.unit.rolling_out import desired, status

NOW = 1_790_000_000.0


def heard(*words: NodeStatus) -> list[NodeStatus]:
    roster = Roster()
    for one in words:
        roster.hear(one)
    return roster.nodes


def spoken(
    instances: Iterable[str], step: float = 1.0, skews: Mapping[str, float] = MappingProxyType({})
) -> list[NodeStatus]:
    """Each letter is a word of that service, one after the other."""
    return [
        status("one", "serving", format_time(NOW + step * at + skews.get(it, 0)), 2, it)
        for at, it in enumerate(instances)
    ]


def present(
    instances: str, step: float = 1.0, skews: Mapping[str, float] = MappingProxyType({})
) -> str:
    return "".join(one.instance for one in heard(*spoken(instances, step, skews)))


@pytest.mark.parametrize(
    ("instances", "there"),
    [
        ("aaa", "a"),
        ("ab", "b"),  # a restart
        ("aabbcc", "c"),
        ("aba", "ab"),
        ("abab", "ab"),
        ("ababc", "abc"),  # which of both it was is not known before one is silent for long
        ("abcab", "abc"),
    ],
)
def test_who_speaks_again_after_another_of_its_name_is_another_service(
    instances: str, there: str
) -> None:
    assert present(instances) == there


@pytest.mark.parametrize("skew", [0.0, -86_400.0, 86_400.0])
def test_whoever_of_two_falls_silent_is_gone_after_a_while_whatever_the_clocks_say(
    skew: float,
) -> None:
    both = "ab" * 4
    skews = {"b": skew}
    assert present(f"{both}aaa", HEARTBEAT_SECONDS, skews) == "ab"
    assert present(f"{both}aaaaa", HEARTBEAT_SECONDS, skews) == "a"
    assert present(f"{both}aaaaab", HEARTBEAT_SECONDS, skews) == "ab"


@given(st.text("abc", min_size=1, max_size=40))
def test_whoever_spoke_last_is_always_there(instances: str) -> None:
    assert instances[-1] in present(instances)
    assert set(present(instances)) <= set(instances)


def test_services_that_share_a_name_are_both_shown_and_said_to() -> None:
    others = [status("one-worker-1", "serving"), status("one-worker-2", "serving")]
    nodes = heard(*others, *spoken("aba"))
    assert shared_names(nodes) == {"one": 2}
    (said,) = warnings_of(nodes)
    assert said.startswith("2 services call themselves one, ")
    document = msgspec.json.decode(document_of(nodes, desired(2), "yard"))
    assert document["shared_names"] == {"one": 2}
    assert [one["instance"] for one in document["nodes"]] == ["a", "b", "", ""]
    console = Console(record=True, width=200)
    console.print(table_of(nodes, desired(2)))
    shown = console.export_text()
    assert "one (a)" in shown
    assert "one (b)" in shown
    assert "one-worker-1 " in shown


def test_a_record_of_a_version_without_instances_is_read() -> None:
    old = msgspec.json.decode(write(status("one", "serving")))
    del old["instance"]
    assert read_status(msgspec.json.encode(old)).instance == ""


def test_what_others_wrote_says_nothing_to_the_terminal() -> None:
    hostile = msgspec.structs.replace(status("one", "failed"), reason="\x1b[2J[/red] [bold")
    wish = msgspec.structs.replace(desired(2), uri="/a\x1b]0;title\x07")
    console = Console(record=True, width=200)
    console.print(table_of([hostile], wish))
    for shown in (console.export_text(), step_text(hostile), wanted_text(wish, "yard")):
        assert "\x1b" not in shown
    assert "[2J[/red] [bold" in step_text(hostile)
