"""A dead letter read back is what the service wrote, whatever the frame's own headers hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dead_letters.letter import Letter, NotALetter, read_letter
from edge.dead_letters.selection import Selection, check_selection
from edge.dead_letters.text import age_of, details_of, document_of, printable, table_of
from edge.frame import Headers, Partition
from edge.hops import put_back
from edge.outcome import DeadLettered
from edge.pipeline.messages import MessageWriter, too_large
from edge.record import Message, Record
from edge.settings.topics import TopicSettings
from edge.span import Moment
from tests.frames import make_frame
from tests.unit.outcomes import some_writer

WRITTEN = 1_700_000_000.0
AT = Partition("dead", 2)
WRITER = MessageWriter(
    "yard",
    TopicSettings(dead_letters_topic="dead"),
    some_writer(),
    clock=lambda: 100.0,
    wall=lambda: WRITTEN,
)


def letter_of(message: Message) -> Letter:
    headers = tuple(message.headers)
    return read_letter(Record(AT, 17, WRITTEN, message.key, message.value, headers))


def written(headers: Headers = (), reason: str = "truncated") -> DeadLettered:
    return DeadLettered(make_frame(42, headers=headers), reason, "it ends too early")


def test_it_says_what_became_of_which_frame() -> None:
    letter = letter_of(WRITER.write(written((("ce_id", b"frame-a"),))))
    assert (letter.place, letter.frame_place) == ("dead/2@17", "frames/0@42")
    assert (letter.reason, letter.error) == ("truncated", "it ends too early")
    assert (letter.camera, letter.frame_id, letter.group) == ("gate-1", "frame-a", "yard")
    assert letter.id == "yard/frames/0/42"
    assert (letter.size, letter.by_reference, letter.hops) == (len(b"picture"), False, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["ce_id", "ce_specversion", "yardlight_reason", "yardlight_offset", "x"]
            ),
            st.binary(max_size=5),
        )
    )
)
def test_the_frames_own_headers_are_told_from_ours(own: list[tuple[str, bytes]]) -> None:
    letter = letter_of(WRITER.write(written(tuple(own))))
    assert letter.own == tuple(own)
    assert (letter.reason, letter.frame_offset) == ("truncated", 42)


def test_hops_survive_in_whatever_form_the_letter_has() -> None:
    outcome = written(tuple(put_back((("ce_id", b"frame-a"),), "yard/frames/0/7")))
    whole, bare = WRITER.write(outcome), WRITER.by_reference(outcome, bare=True)
    assert letter_of(whole).hops == letter_of(WRITER.by_reference(outcome)).hops == 1
    assert letter_of(bare).hops == 1
    assert dict(bare.headers)["yardlight_replay_of"] == b"yard/frames/0/7"


def test_a_letter_without_bytes_says_whether_they_lie_elsewhere() -> None:
    large = WRITER.by_reference(too_large(written(), "more than 1000 bytes"))
    assert letter_of(large).by_reference
    null = DeadLettered(make_frame(value=None), "null", "the record has no value")
    assert not letter_of(WRITER.write(null)).by_reference


@pytest.mark.parametrize("headers", [(), (("a", b"b"),), (("yardlight_topic", b"frames"),)])
def test_a_record_of_somebody_else_is_no_letter(headers: Headers) -> None:
    with pytest.raises(NotALetter, match="dead/2@17 is no dead letter"):
        read_letter(Record(AT, 17, WRITTEN, None, b"hello", headers))


@pytest.mark.parametrize(
    ("selection", "fits"),
    [
        (Selection(), True),
        (Selection(reason=("empty", "truncated"), camera=("gate-1",), partition=(2,)), True),
        (Selection(reason=("empty",)), False),
        (Selection(camera=("gate-2",)), False),
        (Selection(partition=(1,)), False),
        (Selection(group="other"), False),
        (Selection(frames_topic="other"), False),
        (Selection(since=Moment(WRITTEN), until=Moment(WRITTEN + 1)), True),
        (Selection(since=Moment(WRITTEN + 1)), False),
        (Selection(until=Moment(WRITTEN)), False),
    ],
)
def test_a_selection_holds_what_fits_all_of_it(selection: Selection, *, fits: bool) -> None:
    assert selection.holds(letter_of(WRITER.write(written()))) is fits


def test_times_between_which_nothing_lies_are_refused() -> None:
    check_selection(None, Selection(since=Moment(1.0)))
    with pytest.raises(ValueError, match="nothing lies between --since"):
        check_selection(None, Selection(since=Moment(2.0), until=Moment(1.0)))


def test_nothing_that_a_camera_wrote_can_steer_a_terminal() -> None:
    hostile = make_frame(headers=(("x\x1b[2J", b"\x1b]0;owned\x07"),), key=b"gate\n\x1b[31m")
    letter = letter_of(WRITER.write(DeadLettered(hostile, "truncated", "\x9b31m")))
    shown = details_of(letter, WRITTEN)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "\\x1b[2J" in shown
    cells = [str(cell) for column in table_of([letter], WRITTEN).columns for cell in column.cells]
    assert all(cell.isprintable() for cell in cells)
    assert printable("Tor süd") == "Tor süd"


def test_the_document_holds_no_picture() -> None:
    document = document_of(letter_of(WRITER.write(written())))
    assert b"picture" not in repr(document).encode()
    assert document["written_at"] == "2023-11-14T22:13:20.000000Z"


@pytest.mark.parametrize(
    ("seconds", "told"), [(-3, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (260_000, "3d")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, told: str) -> None:
    assert age_of(seconds) == told
