from __future__ import annotations

from functools import cache

from .deadline import time_left
from .errors import PermanentError

# Pub/Sub's limits: bytes in one publish request, attributes in one message, bytes in an attribute's
# key and in its value. https://cloud.google.com/pubsub/quotas#resource_limits
MAX_PUBLISH_BYTES = 10_000_000
MAX_ATTRIBUTES = 100
MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 1024


def publish_dead_letter(
    topic: str,
    data: bytes,
    reason: PermanentError,
    origin: dict[str, object],
    attributes: dict[str, str] | None = None,
    ordering_key: str | None = None,
) -> None:
    """Sends work that can never succeed to a dead letter topic, with `deadLetterReason` and
    `deadLetterMessage`, as the functions of the patterns do (functions/shared/dead-letter.ts).

    origin: attributes that name the source; the dead letter always keeps them.
    attributes: those of the original message; the letter leaves out what Pub/Sub would refuse.
    ordering_key: that of the original message.

    Raises what the client raises when publishing failed, so that the work stays in its queue or
    subscription; raises the reason itself when the letter exceeds Pub/Sub's largest request.
    """
    letter = letter_attributes(reason, origin, attributes or {})
    size = len(data) + sum(len(key.encode()) + len(value.encode()) for key, value in letter.items())
    if size > MAX_PUBLISH_BYTES:
        raise reason
    from google.api_core.retry import Retry

    message = {"data": data, "attributes": letter, "ordering_key": ordering_key or ""}
    seconds = time_left()
    publisher().publish(topic=topic, messages=[message], timeout=seconds, retry=Retry(timeout=seconds))


def letter_attributes(
    reason: PermanentError, origin: dict[str, object], attributes: dict[str, str]
) -> dict[str, str]:
    ours = {"deadLetterReason": reason.code, "deadLetterMessage": reason.message, **origin}
    ours = {key: _truncated(str(value)) for key, value in ours.items() if value not in (None, "")}
    theirs = [(key, _truncated(value)) for key, value in attributes.items() if _is_key(key)]
    return {**dict(theirs[: MAX_ATTRIBUTES - len(ours)]), **ours}


@cache
def publisher():
    """The client of the API itself. That of google.cloud.pubsub_v1 takes attributes as arguments by
    name, and so no attribute that is called `timeout`."""
    from google.pubsub_v1 import PublisherClient

    return PublisherClient()


def _is_key(key: str) -> bool:
    """Pub/Sub reserves keys that begin with "goog"."""
    bytes_ = key.encode("utf-8", "surrogatepass")
    return key != "" and not key.startswith("goog") and len(bytes_) <= MAX_KEY_BYTES and _is_text(key)


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _truncated(value: str) -> str:
    """At most 1024 bytes of UTF-8, cut between characters. Half a surrogate pair, which Pub/Sub would
    refuse, becomes a question mark."""
    bytes_ = value.encode("utf-8", "replace")
    if len(bytes_) <= MAX_VALUE_BYTES:
        return bytes_.decode()
    return f"{bytes_[: MAX_VALUE_BYTES - 6].decode('utf-8', 'ignore')}…"
