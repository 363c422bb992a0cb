"""`yardlight-edge dead-letters`: list, show, replay, purge."""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import App, Parameter, validators
from rich.console import Console

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.errors import Fatal
from deploy.bundle.typed import Positive
from edge.dead_letters import text
from edge.dead_letters.earlier import replayed_before
from edge.dead_letters.listing import print_lines, print_table
from edge.dead_letters.mailbox import Mailbox
from edge.dead_letters.originals import original_of, save_picture
from edge.dead_letters.purging import check_purge, plan_purge
from edge.dead_letters.replaying import Replayer, print_replayed
from edge.dead_letters.selection import ALL, Selection
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin
from edge.observe.logs import configure_logs
from edge.record import Message
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

app = App(name="dead-letters", help="Frames that could not be classified: look, put back, delete.")

Json: TypeAlias = Annotated[bool, Parameter("--json", negative="")]
Flag: TypeAlias = Annotated[bool, Parameter(negative="")]
Hops: TypeAlias = Annotated[int, Parameter(validator=validators.Number(gte=1))]
_DEFAULT_GROUP = "yardlight"


@app.command(name="list")
def list_letters(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    selection: Selection | None = None,
    limit: Positive | None = None,
    as_json: Json = False,
) -> None:
    """List letters: when, which camera, why, where the frame lies, how large it is.

    Args:
        limit: no more than this many, the newest; the table shows 100 if not given.
        as_json: a line of JSON for each letter.
    """
    configure_logs("error", "auto")
    show = print_lines if as_json else print_table
    with TopicReader(kafka or KafkaSettings()) as reader:
        mailbox = Mailbox(reader, (topics or TopicSettings()).dead_letters_topic)
        show((letter for letter, _ in mailbox.letters(selection or ALL)), limit, Console())
    _warn_of_unreadable(mailbox)


@app.command
def show(
    letter: str,
    /,
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    save: Path | None = None,
    as_json: Json = False,
) -> None:
    """Show all that is known of one letter; the picture is written only where --save says.

    Args:
        letter: PARTITION@OFFSET in the dead-letters topic, or the id of a letter or frame.
        save: file for the picture; it must not exist yet.
        as_json: one line of JSON.
    """
    configure_logs("error", "auto")
    with TopicReader(kafka or KafkaSettings()) as reader:
        found, record = Mailbox(reader, (topics or TopicSettings()).dead_letters_topic).find(letter)
        if save is not None:
            frame = original_of(reader, found) if found.by_reference else record
            save_picture(save, frame)
    if as_json:
        print_lines([found], None, Console())
    else:
        sys.stdout.write(text.details_of(found, time.time()) + "\n")


@app.command
def replay(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    selection: Selection | None = None,
    limit: Positive | None = None,
    max_hops: Hops = 3,
    dry_run: Flag = False,
    as_json: Json = False,
) -> int:
    """Put frames back into the frames topic, as they were, and say what became of each letter.

    A letter whose frame was put back before is left alone, so the command can be run again. Letters
    stay where they are. Exit status: 1 if one of them could not be replayed.

    Args:
        limit: put back no more than this many.
        max_hops: leave frames alone that were put back this often.
        dry_run: only say what would be done.
        as_json: a line of JSON for each letter.
    """
    configure_logs("error", "auto")
    broker, names = kafka or KafkaSettings(), topics or TopicSettings()
    chosen = replace(selection or ALL, frames_topic=names.frames_topic)
    chosen = replace(chosen, group=chosen.group or _DEFAULT_GROUP)
    with TopicReader(broker, chosen.group) as reader, TopicReader(broker) as originals:
        if not reader.partitions(names.frames_topic):
            raise Fatal(
                f"topic {names.frames_topic} does not exist: there is nothing to put back into"
            )
        mailbox = Mailbox(reader, names.dead_letters_topic)
        with closing(RecordSink(broker, "yardlight-dead-letters")) as sink:
            replayer = Replayer(
                original=lambda letter: original_of(originals, letter),
                append=None if dry_run else _appending(sink),
                max_hops=max_hops,
                limit=limit,
                before=replayed_before(reader, names),
            )
            return print_replayed(
                replayer.replay(mailbox.letters(chosen)), sys.stdout, as_json=as_json
            )


@app.command
def purge(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    selection: Selection | None = None,
    all_before: Flag = False,
    yes: Flag = False,
) -> int:
    """Delete letters for good.

    Kafka deletes the beginning of a partition, never a record within, so a selection that leaves
    older letters in between is refused.

    Args:
        all_before: delete those older letters as well.
        yes: do not ask.
    """
    configure_logs("error", "auto")
    broker, topic = kafka or KafkaSettings(), (topics or TopicSettings()).dead_letters_topic
    chosen = selection or ALL
    with TopicReader(broker) as reader:
        mailbox = Mailbox(reader, topic)
        every = (letter for letter, _ in mailbox.letters(replace(ALL, partition=chosen.partition)))
        plan = plan_purge(every, chosen)
    if not plan.wanted:
        sys.stdout.write("no letter fits, nothing was deleted\n")
        return DONE
    check_purge(plan, mailbox.unreadable, all_before=all_before)
    for line in plan.lines():
        sys.stdout.write(f"{line}\n")
    if not (yes or _agreed()):
        sys.stdout.write("nothing was deleted\n")
        return FAILED
    with TopicAdmin(broker) as admin:
        admin.delete_below({at: cut.position for at, cut in plan.cuts.items()})
    sys.stdout.write(f"{text.counted(plan.wanted + plan.others)} deleted\n")
    return DONE


def _appending(sink: RecordSink) -> Callable[[Message], str]:
    sink.open()

    def append(message: Message) -> str:
        at, offset = sink.append(message)
        return f"{at}@{offset}"

    return append


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise Fatal("nobody can be asked here: --yes deletes without asking")
    sys.stdout.write("Delete them? Nothing brings them back. [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _warn_of_unreadable(mailbox: Mailbox) -> None:
    if mailbox.unreadable:
        sys.stderr.write(f"{mailbox.unreadable} records of the topic are no dead letters\n")
