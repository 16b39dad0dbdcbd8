"""What tasks and messages have in common: one POST request, one answer."""

from __future__ import annotations

import json
import os
from typing import Callable

from .deadline import deadline
from .environment import Environment
from .errors import PermanentError
from .log import Log, trace_fields

#: Variable of a container whose GET requests are probes. A function has none.
PROBED = "SERVERLESS_ML_PROBED"

#: Status, and the body, which is sent as JSON; None for no body.
Answer = tuple[int, "dict | None"]


def post_handler(environment: Environment, respond: Callable[..., Answer]):
    """A function in the form that functions-framework serves.

    respond: takes the request and a log, and returns the answer. A PermanentError is answered with
    its 4xx status, code and message. Any other error is answered without details: 503 when Google
    asked to wait (429, 503) or denied something (401, 403), else 500.
    """
    log = Log(component=environment.name)

    probed = PROBED in os.environ

    def handler(request):
        if probed and request.method == "GET":
            return "", 200, {}
        request_log = log.having(**trace_fields(request.headers, environment.project))
        headers = {}
        try:
            if request.method != "POST":
                headers["Allow"] = "POST"
                message = f"Given method {request.method}; allowed: POST"
                raise PermanentError("method_not_allowed", message, 405)
            with deadline(environment.timeout_seconds):
                status, body = respond(request, request_log)
        except PermanentError as error:
            request_log.warning(f"Refused: {error.code}", code=error.code, status=error.status)
            status, body = error.status, {"error": described(error)}
        except Exception as error:
            status, body = _failed(error, request_log)
        if body is None:
            return "", status, headers
        return json.dumps(body), status, {**headers, "Content-Type": "application/json; charset=utf-8"}

    return handler


def read_body(request, most: int) -> bytes:
    """Raises PermanentError `payload_too_large` (413)."""
    body = request.get_data(cache=False) if (request.content_length or 0) <= most else None
    if body is None or len(body) > most:
        message = f"The body is larger than the {most} bytes that are allowed"
        raise PermanentError("payload_too_large", message, 413)
    return body


def described(error: PermanentError) -> dict:
    return {"code": error.code, "message": error.message, **({"issues": error.issues} if error.issues else {})}


def _failed(error: Exception, log: Log) -> Answer:
    # Of google.api_core.exceptions; other errors have no such number.
    code = getattr(error, "code", None)
    if code in (401, 403):
        log.error("Denied, but a new grant takes minutes to work", error, code="denied")
    else:
        log.error("Failed", error)
    message = "The worker failed and may succeed later; its log says why"
    # Cloud Tasks slows a queue down when tasks are answered 503. That is right for errors that
    # affect all tasks.
    return 503 if code in (401, 403, 429, 503) else 500, {"error": {"code": "failed", "message": message}}
