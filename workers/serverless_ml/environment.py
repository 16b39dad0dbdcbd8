from __future__ import annotations

import os
import re
from dataclasses import dataclass

_VARIABLES = {
    "GOOGLE_CLOUD_PROJECT": (r"[a-z][a-z0-9.:-]{4,61}[a-z0-9]", "a project id like my-project"),
    "DEAD_LETTER_TOPIC": (r"projects/[^/\s]+/topics/[^/\s]+", "a topic name like projects/P/topics/T"),
    "REDRIVE_SUBSCRIPTION": (
        r"projects/[^/\s]+/subscriptions/[^/\s]+",
        "a subscription name like projects/P/subscriptions/S",
    ),
    "MAX_ATTEMPTS": (r"[1-9]\d{0,2}|1000", "a whole number from 1 to 1000"),
    "FUNCTION_TIMEOUT_SECONDS": (r"[1-9]\d{0,3}", "a whole number of seconds"),
}


@dataclass(frozen=True)
class Environment:
    """The variables that a pattern gives to each of its workers."""

    project: str | None
    dead_letter_topic: str | None
    #: The subscription that brings back messages from the dead letter.
    redrive_subscription: str | None
    max_attempts: int
    timeout_seconds: int
    #: The Cloud Run service, also of a function; None elsewhere.
    service: str | None

    @property
    def name(self) -> str:
        """The worker's name in logs and dead letters."""
        return self.service or "worker"


def read_environment() -> Environment:
    """Raises ValueError naming every bad variable, its value, and what is allowed."""
    given = {name: os.environ.get(name) for name in _VARIABLES}
    problems = [
        f"{name} is {given[name]!r}; allowed: {allowed}"
        for name, (pattern, allowed) in _VARIABLES.items()
        if given[name] is not None and not re.fullmatch(pattern, given[name])
    ]
    if problems:
        raise ValueError(f"Bad environment: {'. '.join(problems)}")
    return Environment(
        project=given["GOOGLE_CLOUD_PROJECT"],
        dead_letter_topic=given["DEAD_LETTER_TOPIC"],
        redrive_subscription=given["REDRIVE_SUBSCRIPTION"],
        max_attempts=int(given["MAX_ATTEMPTS"] or 12),
        timeout_seconds=int(given["FUNCTION_TIMEOUT_SECONDS"] or 60),
        service=os.environ.get("K_SERVICE"),
    )
