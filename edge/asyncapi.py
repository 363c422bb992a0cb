"""The topics as an AsyncAPI 3 document, made from the types that are written to them."""

from importlib.metadata import version
from typing import Any

import msgspec

from edge.rollout.words import Desired, NodeStatus
from edge.settings.topics import TopicSettings
from edge.wire import Classification, Skipped, json_schema, schema_components

_JSON_VALUES = (Classification, Skipped, Desired, NodeStatus)
_CLOUDEVENT = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_type": "what this record is",
    "ce_source": "who made it",
    "ce_id": "function of consumer group, topic, partition and offset of the frame",
    "ce_time": "when it was made, RFC 3339",
    "ce_consumergroup": "the consumer group whose outcome this is",
}
_FRAME = {
    "ce_id": "identity of the frame; topic/partition/offset where absent",
    "ce_source": "camera, where the record has no key",
    "ce_time": "capture time, RFC 3339; the record's timestamp where absent or not believed",
    "traceparent": "W3C trace context, handed on to the classification",
    "yardlight_hops": "how often dead-letters replay put the frame back; handed on to its outcome",
    "yardlight_replay_of": "ce_id of the dead letter it was put back for; handed on likewise",
}
_DEAD_LETTER = {
    **_CLOUDEVENT,
    "yardlight_reason": "one stable word, such as truncated, empty, null, too-many-bytes",
    "yardlight_error": "what was expected and what was found",
    "yardlight_topic": "where the frame lies",
    "yardlight_partition": "where the frame lies",
    "yardlight_offset": "where the frame lies",
}


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of the JSON topics, by the name of the message."""
    return {kind.__name__.lower(): json_schema(kind) for kind in _JSON_VALUES}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document of every topic."""
    topics = TopicSettings()
    channels = {
        "frames": _channel(topics.frames_topic, "frame", "One encoded camera frame a record."),
        "classifications": _channel(
            topics.results_topic, "classification", "One record for each classified frame."
        ),
        "skipped": _channel(
            topics.skipped_topic, "skipped", "Frames that were not classified on purpose."
        ),
        "deadLetters": _channel(
            topics.dead_letters_topic, "deadLetter", "Frames that can never be classified."
        ),
        "models": _channel(
            topics.models_topic,
            "desired",
            "The bundle that the nodes of each slot should run; compacted, the last record counts.",
        ),
        "modelsStatus": _channel(
            topics.models_status_topic,
            "nodeStatus",
            "How far each node is with it; compacted.",
        ),
    }
    messages = {
        "frame": _binary(_FRAME, "JPEG, PNG or WebP; keyed by camera id", required=()),
        "classification": _json(Classification),
        "skipped": _json(Skipped),
        "deadLetter": _binary(
            _DEAD_LETTER,
            "the frame's own bytes and headers; null where the topic does not take their size",
            required=tuple(_DEAD_LETTER),
        ),
        "desired": _plain(Desired, "slot"),
        "nodeStatus": _plain(NodeStatus, "slot/node"),
    }
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Yardlight",
            "version": version("yardlight"),
            "description": "Camera frames in, what they show out. Records are keyed by camera, "
            "those of models by slot.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            "readFrames": _operation("receive", "frames"),
            "publishClassification": _operation("send", "classifications"),
            "publishSkipped": _operation("send", "skipped"),
            "publishDeadLetter": _operation("send", "deadLetters"),
            "readDesired": _operation("receive", "models"),
            "publishNodeStatus": _operation("send", "modelsStatus"),
        },
        "components": {
            "messages": messages,
            "schemas": schema_components(_JSON_VALUES, "#/components/schemas/{name}"),
        },
    }


def _channel(address: str, message: str, description: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topic": address, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _json(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "contentType": "application/json",
        "headers": _headers(_CLOUDEVENT, tuple(_CLOUDEVENT)),
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "bindings": _keyed_by("camera id"),
    }


def _plain(kind: type[msgspec.Struct], key: str) -> dict[str, Any]:
    """Of the nodes, not of a frame: no event of CloudEvents."""
    return {
        "contentType": "application/json",
        "headers": _headers({}, ()),
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "bindings": _keyed_by(key),
    }


def _binary(headers: dict[str, str], description: str, required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "contentType": "application/octet-stream",
        "description": description,
        "headers": _headers(headers, required),
        "payload": {"type": ["string", "null"], "format": "binary"},
        "bindings": _keyed_by("camera id"),
    }


def _headers(described: dict[str, str], required: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": text} for name, text in described.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def _keyed_by(what: str) -> dict[str, Any]:
    key = {"type": "string", "description": what}
    return {"kafka": {"key": key, "bindingVersion": "0.5.0"}}
