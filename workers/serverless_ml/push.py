from __future__ import annotations

import base64
import re
from typing import Any, Callable

from .environment import read_environment
from .http import Answer, post_handler, read_body
from .log import Log
from .message import MESSAGE_ID, TIMESTAMP, Handle, MessageContext, Messages
from .payload import parse_json, validated

#: Pub/Sub's largest message, 10 MB, in base64 and with its envelope.
MAX_BODY_BYTES = 15_000_000
SUBSCRIPTION = r"projects/[a-z0-9.:-]+/subscriptions/[A-Za-z0-9._~+%-]{3,255}"


def message_worker(
    handle: Handle, validate: Callable[[Any], Any] = lambda payload: payload, max_bytes: int = 1024**2
):
    """A worker that a Pub/Sub push subscription (wrapped) calls; the function that functions-framework
    serves. It answers 204 to acknowledge.

    handle: does the work. Several calls for one message must have the effect of one.
    validate: makes the payload of the message's JSON; ValueError, TypeError and KeyError say that it
        is not valid.
    max_bytes: largest data, up to Pub/Sub's limit of 10 MB.

    A message that can never succeed (PermanentError) goes to DEAD_LETTER_TOPIC with the reason and
    is acknowledged. Without a topic the worker answers 4xx, and the subscription's own dead letter
    policy applies. Any other error is answered 5xx, after which Pub/Sub delivers again.

    Raises ValueError, at start, for a bad environment.
    """
    messages = Messages(read_environment(), handle, validate, max_bytes)

    def respond(request, log: Log) -> Answer:
        envelope = parse_json(read_body(request, MAX_BODY_BYTES), "The body")
        opened = validated(lambda value: _opened(messages, value, log), envelope, "The Pub/Sub envelope")
        messages.take(*opened)
        return 204, None

    return post_handler(messages.environment, respond)


def _opened(messages: Messages, envelope: Any, log: Log) -> tuple[bytes, MessageContext]:
    message = envelope["message"] if isinstance(envelope, dict) else None
    if not isinstance(message, dict):
        raise ValueError("message: allowed: a Pub/Sub push request, wrapped")
    texts = {
        "message.data": (message.get("data", ""), r"[A-Za-z0-9+/]*={0,2}"),
        "message.messageId": (message["messageId"], MESSAGE_ID),
        "message.publishTime": (message["publishTime"], TIMESTAMP),
        "subscription": (envelope["subscription"], SUBSCRIPTION),
    }
    bad = [
        f"{name}: given {str(value)[:100]!r}; allowed: {pattern}"
        for name, (value, pattern) in texts.items()
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII)
    ]
    attributes = message.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        bad.append("message.attributes: allowed: an object of strings")
    if bad:
        raise ValueError(". ".join(bad))
    context = messages.context(
        log,
        id=message["messageId"],
        subscription=envelope["subscription"],
        attempt=envelope.get("deliveryAttempt"),
        publish_time=message["publishTime"],
        attributes=attributes,
        ordering_key=message.get("orderingKey"),
    )
    return base64.b64decode(message.get("data", "")), context
