"""What a worker does with a message, whether it was pushed or pulled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable

from .dead_letter import publish_dead_letter
from .environment import Environment
from .errors import PermanentError
from .log import Log
from .payload import parse_json, validated
from .redrive import count_of

MESSAGE_ID = r"[A-Za-z0-9_-]{1,128}"
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"


@dataclass(frozen=True)
class MessageContext:
    #: The message's id; the same on every delivery. A message that was put back from the dead letter
    #: has the id that it had at first.
    id: str
    #: `projects/P/subscriptions/S`
    subscription: str
    #: Number of this delivery, from 1; None when the subscription has no dead letter policy.
    attempt: int | None
    #: UTC, RFC 3339; of the message as it was at first.
    publish_time: str
    attributes: dict[str, str]
    #: None when the publisher set none.
    ordering_key: str | None
    #: How often it was put back from the dead letter.
    redrives: int
    log: Log


#: Does the work. Several calls for one message must have the effect of one.
Handle = Callable[[Any, MessageContext], None]


@dataclass(frozen=True)
class Messages:
    """A worker of messages."""

    environment: Environment
    handle: Handle
    validate: Callable[[Any], Any]
    max_bytes: int

    def take(self, data: bytes, context: MessageContext) -> None:
        """Does the work, or hands the message over. An error that it raises means that the message has
        to come again: it may pass, or there is no topic to hand it to."""
        try:
            if len(data) > self.max_bytes:
                message = f"The data has {len(data)} bytes; allowed: {self.max_bytes}"
                raise PermanentError("payload_too_large", message, 413)
            self.handle(validated(self.validate, parse_json(data, "The data"), "The data"), context)
        except PermanentError as reason:
            topic = self.environment.dead_letter_topic
            if not topic:
                raise
            origin = self._origin(context)
            publish_dead_letter(topic, data, reason, origin, context.attributes, context.ordering_key)
            context.log.warning(f"Handed to the dead letter topic: {reason.code}", code=reason.code)

    def context(
        self,
        log: Log,
        *,
        id: str,
        subscription: str,
        attempt: int | None,
        publish_time: str,
        attributes: dict[str, str],
        ordering_key: str | None,
    ) -> MessageContext:
        """The message as it was at first. Only messages of the redrive subscription say so themselves:
        who publishes to the topic must not choose a message's id."""
        redrives = 0
        if subscription == self.environment.redrive_subscription:
            attributes = dict(attributes)
            first, time = attributes.pop("redriveMessageId", ""), attributes.pop("redrivePublishTime", "")
            redrives = max(1, count_of(attributes.pop("redriveCount", None)))
            id = first if re.fullmatch(MESSAGE_ID, first, re.ASCII) else id
            publish_time = time if re.fullmatch(TIMESTAMP, time, re.ASCII) else publish_time
        log = log.having(messageId=id, subscription=subscription, attempt=attempt, redrives=redrives or None)
        return MessageContext(id, subscription, attempt, publish_time, attributes, ordering_key, redrives, log)

    def _origin(self, context: MessageContext) -> dict[str, object]:
        """Same names as the attributes of Pub/Sub's own dead letters, so that one reader can read both."""
        _, project, _, subscription = context.subscription.split("/")
        return {
            "deadLetterSource": "pubsub",
            "deadLetterFunction": self.environment.name,
            "deadLetterService": self.environment.service,
            "deadLetterMessageId": context.id,
            "deadLetterRedrives": context.redrives or None,
            "CloudPubSubDeadLetterSourceSubscription": subscription,
            "CloudPubSubDeadLetterSourceSubscriptionProject": project,
            "CloudPubSubDeadLetterSourceTopicPublishTime": context.publish_time,
            "CloudPubSubDeadLetterSourceDeliveryCount": context.attempt,
        }
