from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import Any, Callable

from .dead_letter import publish_dead_letter
from .environment import read_environment
from .errors import PermanentError
from .http import Answer, post_handler, read_body
from .log import Log
from .payload import parse_json, validated
from .redrive import COUNT, TASK, count_of

# A task has at most 1 MiB. The worker reads a larger body up to 8 MiB, so that it can send it to the
# dead letter. https://cloud.google.com/tasks/docs/quotas
MAX_TASK_BYTES = 1024**2
MAX_BODY_BYTES = 8 * 1024**2
TASK_ID = r"[A-Za-z0-9_-]{1,500}"


@dataclass(frozen=True)
class TaskContext:
    #: The task's name, without the queue; a random UUID in a manual call. A task that was put back
    #: from the dead letter has the name that it had at first.
    id: str
    #: The queue's name; None in a manual call.
    queue: str | None
    #: Number of this attempt, from 1.
    attempt: int
    #: How often it was put back from the dead letter.
    redrives: int
    log: Log


def task_worker(
    handle: Callable[[Any, TaskContext], dict | None],
    validate: Callable[[Any], Any] = lambda payload: payload,
    find_effect: Callable[[Any, TaskContext], dict | None] | None = None,
):
    """A worker that Cloud Tasks calls; the function that functions-framework serves.

    handle: does the work. Several calls for one task must have the effect of one. The result, if
        any, becomes the answer's JSON.
    validate: makes the payload of the body's JSON; ValueError, TypeError and KeyError say that it is
        not valid.
    find_effect: quick look-up of the effect of an earlier attempt, whose answer may be lost. If it
        finds one, the worker answers with it and does no work, even for a task without attempts left.

    With DEAD_LETTER_TOPIC, a task that can never succeed (PermanentError), or that has used up its
    MAX_ATTEMPTS, goes to the dead letter with the reason and is answered 200, since Cloud Tasks
    retries any other status. The attempts are checked before any work, so that a task that crashes
    its worker ends there, too. If publishing fails, 5xx keeps the task in the queue. Without a topic,
    or for a caller that is not Cloud Tasks, a PermanentError is answered 4xx.

    Raises ValueError, at start, for a bad environment.
    """
    environment = read_environment()

    def work(body: bytes, context: TaskContext, budget: int | None) -> Answer:
        if len(body) > MAX_TASK_BYTES:
            message = f"The body has {len(body)} bytes; allowed: {MAX_TASK_BYTES}"
            raise PermanentError("payload_too_large", message, 413)
        payload = validated(validate, parse_json(body, "The body"), "The body")
        effect = find_effect(payload, context) if find_effect else None
        if effect is not None:
            context.log.info("Done already")
            return 200, effect
        if budget is not None and context.attempt > budget:
            raise PermanentError("attempts_spent", f"All {budget} attempts failed; the log tells why")
        return 200, handle(payload, context)

    def respond(request, log: Log) -> Answer:
        context = _task_of(request.headers, log)
        body = read_body(request, MAX_BODY_BYTES)
        topic = environment.dead_letter_topic if context.queue else None
        if not topic:
            return work(body, context, None)
        try:
            return work(body, context, environment.max_attempts)
        except PermanentError as reason:
            origin = {
                "deadLetterSource": "cloudtasks",
                "deadLetterFunction": environment.name,
                "deadLetterService": environment.service,
                "deadLetterQueue": context.queue,
                "deadLetterTask": context.id,
                "deadLetterAttempts": context.attempt,
                "deadLetterRedrives": context.redrives or None,
            }
            publish_dead_letter(topic, body, reason, origin)
            context.log.warning(f"Handed to the dead letter topic: {reason.code}", code=reason.code)
            return 200, {"deadLetter": reason.code}

    return post_handler(environment, respond)


def _task_of(headers, log: Log) -> TaskContext:
    """Cloud Run does not remove these headers from requests of other callers: every caller that may
    invoke the worker can set them."""

    def read(name: str, pattern: str) -> str | None:
        value = headers.get(f"X-CloudTasks-{name}")
        if value is None or re.fullmatch(pattern, value, re.ASCII):
            return value
        message = f"Given X-CloudTasks-{name} {value[:100]!r}; allowed: {pattern}"
        raise PermanentError("invalid_header", message)

    name = read("TaskName", TASK_ID)
    queue = read("QueueName", r"[A-Za-z0-9-]{1,100}")
    retries = read("TaskRetryCount", r"\d{1,9}")
    if not name or not queue:
        return TaskContext(str(uuid.uuid4()), None, 1, 0, log)
    redrives, first = count_of(headers.get(COUNT)), headers.get(TASK, "")
    if redrives and re.fullmatch(TASK_ID, first, re.ASCII):
        name = first
    context = TaskContext(name, queue, int(retries or 0) + 1, redrives, log)
    fields = {"task": name, "queue": queue, "attempt": context.attempt, "redrives": redrives or None}
    return replace(context, log=log.having(**fields))
