"""The contract of a worker, kept for you: what docs/workers.md says a queue, a push subscription and
a pipeline expect, for functions and containers in Python 3.10 and newer.

It uses Google's clients. requirements.txt of a worker names functions-framework,
google-cloud-pubsub and google-cloud-storage; a job needs only the last one.
"""

from .deadline import time_left
from .errors import PermanentError
from .job import Job, job
from .message import MessageContext
from .pull import pull_messages
from .push import message_worker
from .serve import serve, wsgi
from .storage import exists, read_bytes, read_json, split_uri, write_json_once, write_once
from .task import TaskContext, task_worker

__all__ = [
    "Job",
    "MessageContext",
    "PermanentError",
    "TaskContext",
    "exists",
    "job",
    "message_worker",
    "pull_messages",
    "read_bytes",
    "read_json",
    "serve",
    "split_uri",
    "task_worker",
    "time_left",
    "write_json_once",
    "write_once",
    "wsgi",
]
