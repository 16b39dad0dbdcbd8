"""Structured logs: one line of JSON each, in Cloud Logging's format. Never pass payloads or tokens."""

from __future__ import annotations

import json
import re
import traceback


class Log:
    """A log whose entries all have some fields in common."""

    def __init__(self, **fields: object):
        self._fields = fields

    def info(self, message: str, **fields: object) -> None:
        self._entry("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        self._entry("WARNING", message, fields)

    def error(self, message: str, error: BaseException, **fields: object) -> None:
        """The entry contains the stack of `error`, by which Error Reporting groups errors."""
        stack = "".join(traceback.format_exception(error)).rstrip()
        self._entry("ERROR", f"{message}: {stack}", fields)

    def having(self, **fields: object) -> Log:
        """A log that adds `fields` to all entries; those that are None are left out."""
        return Log(**self._fields, **{key: value for key, value in fields.items() if value is not None})

    def _entry(self, severity: str, message: str, fields: dict) -> None:
        entry = {"severity": severity, "message": message, **self._fields, **fields}
        print(json.dumps(entry, default=str), flush=True)


def trace_fields(headers, project: str | None) -> dict[str, str]:
    """The fields that link an entry to the request's trace, from `traceparent` or
    `X-Cloud-Trace-Context`, whose span id is decimal; Cloud Logging wants 16 hex digits."""
    parent = re.match(r"00-([0-9a-f]{32})-([0-9a-f]{16})-", headers.get("traceparent", ""))
    google = re.match(r"([0-9a-f]{32})(?:/(\d{1,20}))?", headers.get("X-Cloud-Trace-Context", ""))
    found = parent or google
    if not found or not project:
        return {}
    fields = {"logging.googleapis.com/trace": f"projects/{project}/traces/{found.group(1)}"}
    span = found.group(2) if parent else google.group(2) and format(int(google.group(2)), "016x")
    return {**fields, "logging.googleapis.com/spanId": span} if span else fields
