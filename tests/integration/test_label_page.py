"""The label page in Chromium: one key a picture, through a reload and a restart of the server."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import Command, command
from tests.loudly import skip_loudly
from tests.pictures import write_picture
from trainer.collection.folder import read_data_set

pytestmark = pytest.mark.slow
WAIT = 90_000
"""Milliseconds."""
PICTURES = int(os.environ.get("LABEL_PICTURES", "40"))


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_loudly(request.config, "the label page in a browser: playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        skip_loudly(request.config, "the label page in a browser: there is no Chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


@contextmanager
def labelling(data: Path, log: Path, port: int) -> Iterator[tuple[Command, str]]:
    words = ("label", "--data", str(data), "--labels", "cat,dog,bird", "--port", str(port))
    with command(log, "trainer.cli", *words) as server:
        said = server.line()
        address = re.search(r"http://\S+", said)
        assert address is not None, server.said()
        yield server, address[0]


def shown(page: Any, answered: int) -> None:
    """The picture that comes after so many answers is on the page."""
    page.locator(f"body[data-ready='{answered}']").wait_for(timeout=WAIT)


def press(page: Any, number: int) -> None:
    """One key for the picture that is shown, once it is shown."""
    shown(page, number)
    page.keyboard.press("123"[number % 3])


def test_no_answer_is_lost_across_a_reload_and_a_restart(tmp_path: Path, browser: Any) -> None:
    for number in range(PICTURES):
        write_picture(tmp_path / "data/unlabelled/train" / f"{number:03}.jpg", number, 64, 48)
    third = PICTURES // 3
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with labelling(tmp_path / "data", tmp_path / "log", 0) as (server, url):
        port = int(url.split(":")[2].split("/")[0])
        page.goto(url)
        for number in range(third):
            press(page, number)
        shown(page, third)
        page.reload()
        for number in range(third, 2 * third):
            press(page, number)
        shown(page, 2 * third)
        server.stop(signal.SIGKILL)
    press(page, 2 * third)  # nobody hears it yet
    with labelling(tmp_path / "data", tmp_path / "log-2", port) as (server, _):
        for number in range(2 * third + 1, PICTURES):
            press(page, number)
        page.get_by_text(f"{PICTURES} answered, 0 left").wait_for(timeout=WAIT)
        if where := os.environ.get("LABEL_SCREENSHOT"):
            page.screenshot(path=where)
        server.stop()
    entries = read_data_set(tmp_path / "data").entries
    labels = {entry.name: entry.label for entry in entries}
    expected = [("cat", "dog", "bird")[number % 3] for number in range(PICTURES)]
    assert [labels[f"{number:03}.jpg"] for number in range(PICTURES)] == expected
    assert complaints == []
