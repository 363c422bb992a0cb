"""The list of rights, as it is printed and as it is documented."""

import json
import shlex
from pathlib import Path

import pytest

from edge.acls import CONSUMERS, acls_of
from edge.cli import app
from edge.settings.topics import TopicSettings

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def test_the_documented_rights_are_those_in_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    written = [line for line in page.splitlines() if line.startswith("| `")]
    listed = [
        f"| `{consumer}` | {acl.operation} | {acl.resource} | `{acl.name}` | {acl.why} |"
        for consumer in CONSUMERS
        for acl in acls_of(consumer, TopicSettings(), "yardlight")
    ]
    assert [line for line in written if line.count("|") == 6] == listed


def test_no_right_is_wider_than_its_command() -> None:
    every = [
        acl for consumer in CONSUMERS for acl in acls_of(consumer, TopicSettings(), "yardlight")
    ]
    assert all("*" not in acl.name for acl in every)
    assert {acl.operation for acl in every if acl.resource == "cluster"} == {"Describe"}


def test_they_are_printed_as_words_for_kafkas_own_tool(
    capsys: pytest.CaptureFixture[str],
) -> None:
    principal = "User:CN=box 7"
    app(
        ["topics", "acls", "--principal", principal, "--for", "run", "--group", "night"],
        result_action="return_value",
    )
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading == "# yardlight-edge run"
    assert len(lines) == len(acls_of("run", TopicSettings(), "night"))
    words = shlex.split(lines[1])
    assert words[words.index("--allow-principal") + 1] == principal
    assert words[words.index("--group") + 1] == "night"


def test_machines_get_them_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    app(["topics", "acls", "--principal", "User:box", "--json"], result_action="return_value")
    document = json.loads(capsys.readouterr().out)
    assert list(document["commands"]) == list(CONSUMERS)
    assert document["commands"]["watch"] == [
        {
            "resource": "topic",
            "name": "classifications",
            "operation": "Read",
            "why": "classifications are shown",
        }
    ]
