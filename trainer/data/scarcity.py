"""Labels with too few pictures, said before anything is learned from them."""

from collections.abc import Iterator

from trainer.data.pictures import Pictures

_FEW = 10


def scarce(train: Pictures, val: Pictures) -> Iterator[str]:
    """A sentence for each split in which labels have fewer than ten pictures."""
    for pictures, done in ((train, "learned from"), (val, "measured on")):
        few = {label: count for label, count in pictures.counts.items() if count < _FEW}
        if few:
            listed = ", ".join(f"{label} ({count})" for label, count in few.items())
            yield f"{pictures.folder}: few pictures to be {done}: {listed}"
