"""Doubles of Google's clients, and a worker under functions-framework that uses them."""

import io
import json
import os
import tempfile
import textwrap
import unittest
from contextlib import redirect_stdout
from unittest import mock

import functions_framework
import serverless_ml.dead_letter
import serverless_ml.storage
from google.api_core.exceptions import NotFound, PreconditionFailed

TOPIC = "projects/acme-ml/topics/dead"
ENVIRONMENT = {
    "GOOGLE_CLOUD_PROJECT": "acme-ml",
    "DEAD_LETTER_TOPIC": TOPIC,
    "MAX_ATTEMPTS": "3",
    "K_SERVICE": "shout",
}
class Buckets:
    """A double of google.cloud.storage.Client: objects by bucket and name."""

    def __init__(self):
        self.objects = {}
        self.error = None

    def bucket(self, bucket):
        return mock.Mock(blob=lambda name, generation=None: Blob(self, (bucket, name)))


class Blob:
    def __init__(self, buckets, key):
        self.buckets, self.key = buckets, key

    def upload_from_string(self, data, content_type, if_generation_match, timeout, retry):
        assert if_generation_match == 0
        if self.buckets.error:
            raise self.buckets.error
        if self.key in self.buckets.objects:
            raise PreconditionFailed("412")
        self.buckets.objects[self.key] = data

    def exists(self, timeout, retry):
        return self.key in self.buckets.objects

    def download_as_bytes(self, start, end, timeout, retry):
        if self.key not in self.buckets.objects:
            raise NotFound("404")
        data = self.buckets.objects[self.key]
        data = data.encode() if isinstance(data, str) else data
        return data[start or 0 : None if end is None else end + 1]


class Publisher:
    def __init__(self):
        self.letters = []
        self.error = None

    def publish(self, topic, messages, timeout, retry):
        if self.error:
            raise self.error
        for message in messages:
            self.letters.append((topic, message["data"], message["attributes"], message["ordering_key"]))


class Contract(unittest.TestCase):
    def setUp(self):
        self.buckets, self.publisher = Buckets(), Publisher()
        for patch in (
            mock.patch.object(serverless_ml.storage, "client", lambda: self.buckets),
            mock.patch.object(serverless_ml.dead_letter, "publisher", lambda: self.publisher),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def serve(self, source, **environment):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = os.path.join(folder.name, "main.py")
        with open(file, "w") as opened:
            opened.write(textwrap.dedent(source))
        return self.serve_file(file, "main", **environment)

    def serve_file(self, file, target, **environment):
        """A variable that is None is not set."""
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)
        for name, value in {**ENVIRONMENT, **environment}.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        return functions_framework.create_app(target, file, "http").test_client()

    def post(self, app, body, headers=None, method="POST"):
        printed = io.StringIO()
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with redirect_stdout(printed):
            answer = app.open("/", method=method, data=data, headers=headers or {})
        self.log = [json.loads(line) for line in printed.getvalue().splitlines() if line.startswith("{")]
        return answer.status_code, answer.get_json(silent=True)
