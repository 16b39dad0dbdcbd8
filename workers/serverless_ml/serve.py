from __future__ import annotations

import os
import sys

from .http import PROBED


def serve(source: str, target: str) -> None:
    """Serves a function of a file on PORT, for containers; it does not return. functions-framework
    serves it, as it does in Cloud Functions, with gunicorn. A GET, such as Cloud Run's probes send, is
    answered 200 once the file is loaded.

    source: the file, `__file__`.
    target: the function's name; the variable FUNCTION_TARGET goes before it.
    """
    target = os.environ.get("FUNCTION_TARGET", target)
    command = [sys.executable, "-m", "functions_framework", "--source", source, "--target", target]
    os.execve(sys.executable, command, {**os.environ, PROBED: "1"})


def wsgi(handler):
    """A WSGI application of a worker, for another server: `gunicorn main:app` with `app = wsgi(main)`."""
    from werkzeug import Request, Response

    def application(environ, start_response):
        body, status, *headers = handler(Request(environ))
        return Response(body, status, *headers)(environ, start_response)

    return application
