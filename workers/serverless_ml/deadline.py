from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar

_answer_at: ContextVar[float | None] = ContextVar("answer_at", default=None)


@contextmanager
def deadline(timeout_seconds: float):
    """One invocation. Its calls to Google APIs end before the worker's own timeout, so that the
    caller gets an answer with a reason instead of Cloud Run's 504. The answer gets 2 % of the
    timeout, at most 1 s."""
    token = _answer_at.set(time.monotonic() + timeout_seconds - min(timeout_seconds * 0.02, 1))
    try:
        yield
    finally:
        _answer_at.reset(token)


def time_left(most: float = 60) -> float:
    """Seconds that a call may still take, at most `most`, and never less than 0.1. In a thread of
    your own, and outside of an invocation, it is `most`."""
    answer_at = _answer_at.get()
    return most if answer_at is None else max(0.1, min(most, answer_at - time.monotonic()))
