from __future__ import annotations

import contextlib
import os
import signal
import socket
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
        stream = client.subscribe(
            subscription, callback=on_message, flow_control=flow_control, await_callbacks_on_shutdown=True
        )
        stream.add_done_callback(lambda _: end.set())
        return stream

    with _End() as end, pubsub_v1.SubscriberClient() as client:
        streams = [receive(subscription) for subscription in subscriptions]
        log.info("Pulling", subscriptions=len(subscriptions))
        end.wait()
        # What is under way ends first, and is acknowledged.
        for stream in streams:
            stream.cancel()
        for stream in streams:
            stream.result()


class _End:
    """Waits for SIGTERM, SIGINT or `set`, in the main thread.

    A handler in Python runs only once the main thread goes on. If another thread took the signal, a
    main thread that waits for a lock never does. So Python's own handler in C wakes it, by a socket.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __enter__(self) -> _End:
        self._woken, self._wakes = socket.socketpair()
        self._wakes.setblocking(False)
        self._before = signal.set_wakeup_fd(self._wakes.fileno())
        for number in self.SIGNALS:
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._before)
        self._woken.close()
        self._wakes.close()

    def set(self) -> None:
        # Streams may still call it when the wait is over.
        with contextlib.suppress(OSError):
            self._wakes.send(bytes([0]))

    def wait(self) -> None:
        # Other signals that have handlers wake it, too.
        while self._woken.recv(1)[0] not in (0, *self.SIGNALS):
            pass


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
