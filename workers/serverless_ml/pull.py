from __future__ import annotations

import os
import signal
import threading
from datetime import timezone
from typing import Any, Callable

from .environment import read_environment
from .log import Log
from .message import Handle, Messages


def pull_messages(
    handle: Handle,
    validate: Callable[[Any], Any] = lambda payload: payload,
    max_bytes: int = 1024**2,
    concurrency: int = 1,
) -> None:
    """Pulls messages and works on them until SIGTERM, for worker pools; then it returns.

    SUBSCRIPTION names the subscription. Messages that come back from the dead letter are pulled from
    REDRIVE_SUBSCRIPTION, if it is set.

    handle, validate, max_bytes: as for message_worker.
    concurrency: messages at the same time, each in a thread of its own.

    A message is acknowledged when its work is done or when it was handed to DEAD_LETTER_TOPIC. After
    any other error Pub/Sub delivers it again. While the work goes on, the client extends the
    acknowledgement deadline, for at most an hour.

    Raises ValueError for a bad environment, KeyError without SUBSCRIPTION, and what the client raises
    when it may not pull.
    """
    from google.cloud import pubsub_v1

    messages = Messages(read_environment(), handle, validate, max_bytes)
    given = [os.environ["SUBSCRIPTION"], messages.environment.redrive_subscription]
    subscriptions = [name for name in given if name]
    log = Log(component=os.environ.get("SUBSCRIBER", messages.environment.name))
    limit = threading.Semaphore(concurrency)
    ended = threading.Event()

    def receive(subscription: str):
        def on_message(message) -> None:
            with limit:
                try:
                    messages.take(message.data, _context(messages, subscription, message, log))
                except Exception as error:
                    log.error("Failed", error, messageId=message.message_id)
                    message.nack()
                else:
                    message.ack()

        flow_control = pubsub_v1.types.FlowControl(max_messages=concurrency)
        stream = client.subscribe(subscription, callback=on_message, flow_control=flow_control)
        stream.add_done_callback(lambda _: ended.set())
        return stream

    with pubsub_v1.SubscriberClient() as client:
        streams = [receive(subscription) for subscription in subscriptions]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        log.info("Pulling", subscriptions=len(subscriptions))
        ended.wait()
        # What is under way ends first.
        for stream in streams:
            stream.cancel()
        for stream in streams:
            stream.result()


def _context(messages: Messages, subscription: str, message, log: Log):
    time = message.publish_time.astimezone(timezone.utc)
    return messages.context(
        log,
        id=message.message_id,
        subscription=subscription,
        attempt=message.delivery_attempt,
        publish_time=time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        attributes=dict(message.attributes),
        ordering_key=message.ordering_key or None,
    )
