from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Callable

from .dead_letter import publish_dead_letter
from .environment import read_environment
from .errors import PermanentError
from .http import Answer, post_handler, read_body
from .log import Log
from .payload import parse_json, validated

#: Pub/Sub's largest message, 10 MB, in base64 and with its envelope.
MAX_BODY_BYTES = 15_000_000


@dataclass(frozen=True)
class MessageContext:
    #: The message's id; the same on every delivery.
    id: str
    #: `projects/P/subscriptions/S`
    subscription: str
    #: Number of this delivery, from 1; None when the subscription has no dead letter policy.
    attempt: int | None
    #: UTC, RFC 3339.
    publish_time: str
    attributes: dict[str, str]
    #: None when the publisher set none.
    ordering_key: str | None
    log: Log


def message_worker(
    handle: Callable[[Any, MessageContext], None],
    validate: Callable[[Any], Any] = lambda payload: payload,
    max_bytes: int = 1024**2,
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
    environment = read_environment()

    def work(data: bytes, context: MessageContext) -> None:
        if len(data) > max_bytes:
            message = f"The data has {len(data)} bytes; allowed: {max_bytes}"
            raise PermanentError("payload_too_large", message, 413)
        handle(validated(validate, parse_json(data, "The data"), "The data"), context)

    def respond(request, log: Log) -> Answer:
        envelope = parse_json(read_body(request, MAX_BODY_BYTES), "The body")
        data, context = validated(lambda value: _opened(value, log), envelope, "The Pub/Sub envelope")
        try:
            work(data, context)
        except PermanentError as reason:
            topic = environment.dead_letter_topic
            if not topic:
                raise
            publish_dead_letter(topic, data, reason, _origin(context, environment.name), context.attributes)
            context.log.warning(f"Handed to the dead letter topic: {reason.code}", code=reason.code)
        return 204, None

    return post_handler(environment, respond)


def _opened(envelope: Any, log: Log) -> tuple[bytes, MessageContext]:
    message = _of(dict, envelope, "message")
    text = {
        "message.data": (message.get("data", ""), r"[A-Za-z0-9+/]*={0,2}"),
        "message.messageId": (message["messageId"], r"[A-Za-z0-9_-]{1,128}"),
        "message.publishTime": (message["publishTime"], r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
        "subscription": (envelope["subscription"], r"projects/[a-z0-9.:-]+/subscriptions/[A-Za-z0-9._~+%-]{3,255}"),
    }
    bad = [
        f"{name}: given {str(value)[:100]!r}; allowed: {pattern}"
        for name, (value, pattern) in text.items()
        if not isinstance(value, str) or not re.fullmatch(pattern, value)
    ]
    attributes = message.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        bad.append("message.attributes: allowed: an object of strings")
    if bad:
        raise ValueError(". ".join(bad))
    attempt = envelope.get("deliveryAttempt")
    context = MessageContext(
        id=message["messageId"],
        subscription=envelope["subscription"],
        attempt=attempt,
        publish_time=message["publishTime"],
        attributes=attributes,
        ordering_key=message.get("orderingKey"),
        log=log.having(messageId=message["messageId"], subscription=envelope["subscription"], attempt=attempt),
    )
    return base64.b64decode(message.get("data", "")), context


def _of(kind: type, value: Any, key: str) -> Any:
    inner = value[key] if isinstance(value, dict) else None
    if not isinstance(inner, kind):
        raise ValueError(f"{key}: allowed: a Pub/Sub push request, wrapped")
    return inner


def _origin(context: MessageContext, name: str) -> dict[str, object]:
    """Same names as the attributes of Pub/Sub's own dead letters, so that one reader can read both."""
    _, project, _, subscription = context.subscription.split("/")
    return {
        "deadLetterSource": "pubsub",
        "deadLetterFunction": name,
        "deadLetterMessageId": context.id,
        "CloudPubSubDeadLetterSourceSubscription": subscription,
        "CloudPubSubDeadLetterSourceSubscriptionProject": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": context.publish_time,
        "CloudPubSubDeadLetterSourceDeliveryCount": context.attempt,
    }
