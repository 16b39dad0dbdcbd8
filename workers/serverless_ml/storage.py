"""Objects of Cloud Storage, through Google's client."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from .deadline import time_left
from .errors import PermanentError
from .payload import parse_json


@cache
def client():
    # The client of 3.17 reads each bucket's metadata in the background, for traces. A worker
    # has no right to (storage.buckets.get), and needs none.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    from google.cloud import storage

    return storage.Client()


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and name of `gs://bucket/name`. Raises ValueError."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket or not name:
        raise ValueError(f"given {uri[:100]!r}; allowed: a path like gs://bucket/name")
    return bucket, name


def write_once(bucket: str, name: str, data: str | bytes, content_type: str = "text/plain") -> bool:
    """Writes an object unless one of that name exists. Returns whether this call wrote it: False is
    success, too, since an earlier attempt did."""
    from google.api_core.exceptions import PreconditionFailed

    blob = client().bucket(bucket).blob(name)
    try:
        blob.upload_from_string(
            data, content_type, if_generation_match=0, timeout=time_left(), retry=_retry()
        )
        return True
    except PreconditionFailed:
        return False


def write_json_once(bucket: str, name: str, value: Any) -> bool:
    return write_once(bucket, name, f"{json.dumps(value, indent=2)}\n", "application/json")


def exists(bucket: str, name: str) -> bool:
    return client().bucket(bucket).blob(name).exists(timeout=time_left(), retry=_retry())


def read_bytes(
    bucket: str, name: str, generation: int | None = None, start: int | None = None, end: int | None = None
) -> bytes:
    """Reads an object, or bytes `start` to `end` (exclusive) of it. Raises PermanentError
    `missing_object` (404), `bad_range`."""
    from google.api_core.exceptions import NotFound
    from google.cloud.exceptions import RequestRangeNotSatisfiable

    blob = client().bucket(bucket).blob(name, generation=generation)
    last = None if end is None else end - 1
    try:
        data = blob.download_as_bytes(start=start, end=last, timeout=time_left(), retry=_retry())
    except NotFound as error:
        raise PermanentError("missing_object", f"There is no object gs://{bucket}/{name}", 404) from error
    except RequestRangeNotSatisfiable as error:
        raise PermanentError("bad_range", f"gs://{bucket}/{name} is shorter than the range") from error
    if end is not None and len(data) != end - (start or 0):
        raise PermanentError("bad_range", f"gs://{bucket}/{name} is shorter than the range")
    return data


def read_json(bucket: str, name: str) -> Any:
    return parse_json(read_bytes(bucket, name), f"gs://{bucket}/{name}")


def _retry():
    """As the client's own, but it ends before the worker's timeout."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(time_left())
