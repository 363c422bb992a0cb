"""Copies are found whatever was done to them, different pictures are not called the same."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from deploy.bundle.golden import encode_frame
from deploy.bundle.pixels import Pixels
from tests.pictures import drawn
from trainer.likeness.grey import grey_of
from trainer.likeness.groups import Groups
from trainer.likeness.near import near_duplicates

COUNT = 30


def found(pictures: list[Pixels]) -> Groups:
    greys = np.array([grey_of(picture) for picture in pictures])
    return near_duplicates(greys, lambda _, pairs, __: iter(pairs))


def encoded_anew(picture: Pixels) -> Pixels:
    data = np.frombuffer(encode_frame(picture, 40), np.uint8)
    decoded: Pixels | None = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    return decoded


def resized(picture: Pixels) -> Pixels:
    small: Pixels = cv2.resize(picture, (100, 60), interpolation=cv2.INTER_AREA)
    return small


def cut(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    return picture[height // 20 : -(height // 20), width // 20 : -(width // 20)]


def cut_on_one_side(picture: Pixels) -> Pixels:
    return picture[:, picture.shape[1] // 20 :]


def brightened(picture: Pixels) -> Pixels:
    light: Pixels = np.clip(picture * 1.2, 0, 255).astype(np.uint8)
    return light


def flipped(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture[:, ::-1])


@pytest.mark.parametrize(
    "change", [encoded_anew, resized, cut, cut_on_one_side, brightened, flipped]
)
def test_a_changed_copy_is_found(change: Callable[[Pixels], Pixels]) -> None:
    pictures = [drawn(seed) for seed in range(COUNT)]
    groups = found(pictures + [change(picture) for picture in pictures])
    together = [groups.are_together(number, COUNT + number) for number in range(COUNT)]
    assert sum(together) >= 0.95 * COUNT


def test_different_pictures_are_not_called_the_same() -> None:
    groups = found([drawn(seed) for seed in range(200)])
    assert len(groups.of(200)) >= 198


def test_who_walks_into_a_yard_makes_it_another_picture() -> None:
    yard = drawn(1)
    visited = yard.copy()
    visited[40:80, 60:80] = (20, 20, 220)
    assert not found([yard, visited]).are_together(0, 1)


def test_pictures_of_one_colour_do_no_harm() -> None:
    grey = np.full((60, 80, 3), 128, np.uint8)
    assert len(found([grey, drawn(1), grey // 2]).of(3)) == 3
