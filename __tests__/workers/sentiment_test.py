"""workers/sentiment, through functions-framework. python.test.ts starts it."""

import base64
import json
import unittest
from pathlib import Path

from doubles import Contract

MAIN = str(Path(__file__).parents[2] / "workers" / "sentiment" / "main.py")
TASK = {"X-CloudTasks-TaskName": "t-1", "X-CloudTasks-QueueName": "q"}
TEXTS = ["What a lovely day, I am happy", "It is broken, I am disappointed"]
LABELS = ["positive", "negative"]


class Sentiment(Contract):
    def shard(self, file, text, **more):
        self.buckets.objects["in", file] = text
        shard = {"input": f"gs://in/{file}", "generation": "7", "start": 0, "end": len(text.encode())}
        return {**shard, "output": "gs://out/job/shard-00000.jsonl", **more}

    def labels_of(self, app, shard):
        self.assertEqual(self.post(app, shard, TASK)[0], 200)
        written = self.buckets.objects["out", "job/shard-00000.jsonl"]
        return [json.loads(line)["prediction"]["label"] for line in written.splitlines()]

    def test_a_shard_of_json_lines_is_predicted_once(self):
        app = self.serve_file(MAIN, "main", INPUT_BUCKET="in", OUTPUT_BUCKET="out")
        shard = self.shard("a.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
        self.assertEqual(self.labels_of(app, shard), LABELS)
        [first, _] = self.buckets.objects["out", "job/shard-00000.jsonl"].splitlines()
        self.assertEqual(json.loads(first)["instance"], {"text": TEXTS[0]})
        self.assertEqual(self.post(app, shard, TASK)[1], {"output": "job/shard-00000.jsonl", "written": False})

    def test_a_shard_of_csv_has_its_columns_from_the_task(self):
        app = self.serve_file(MAIN, "main", INPUT_BUCKET="in", OUTPUT_BUCKET="out")
        rows = "".join(f'{number},"{text}"\n' for number, text in enumerate(TEXTS))
        self.assertEqual(self.labels_of(app, self.shard("a.csv", rows, columns=["id", "text"])), LABELS)

    def test_what_can_never_be_predicted_is_handed_over(self):
        app = self.serve_file(MAIN, "main", INPUT_BUCKET="in", OUTPUT_BUCKET="out")
        good = '{"text": "fine"}'
        for shard, code in (
            (self.shard("a.jsonl", '{"words": 1}'), "invalid_record"),
            (self.shard("a.jsonl", "{"), "invalid_record"),
            (self.shard("a.jsonl", good, end=99), "bad_range"),
            (self.shard("a.jsonl", good, input="gs://in/gone.jsonl"), "missing_object"),
            (self.shard("a.jsonl", good, input="gs://elsewhere/a.jsonl"), "invalid_payload"),
            (self.shard("a.jsonl", good, start=3, end=3), "invalid_payload"),
            (self.shard("a.jsonl", good, end=2**24), "invalid_payload"),
            (self.shard("a.jsonl", good, generation="new"), "invalid_payload"),
            ({"input": "gs://in/a.jsonl"}, "invalid_payload"),
        ):
            with self.subTest(code=code, shard=shard):
                self.assertEqual(self.post(app, shard, TASK), (200, {"deadLetter": code}))

    def test_a_message_is_predicted_once(self):
        app = self.serve_file(MAIN, "message", SUBSCRIBER="mood", RESULTS_BUCKET="results")
        data = json.dumps({"instances": [{"text": text} for text in TEXTS]}).encode()
        message = {
            "data": base64.b64encode(data).decode(),
            "attributes": {"modality": "text"},
            "messageId": "77",
            "publishTime": "2026-01-31T12:00:00Z",
        }
        body = {"message": message, "subscription": "projects/acme-ml/subscriptions/mood"}
        for _ in range(2):
            self.assertEqual(self.post(app, body)[0], 204)
        result = json.loads(self.buckets.objects["results", "mood/77.json"])
        self.assertEqual([each["label"] for each in result["predictions"]], LABELS)
        self.assertEqual((result["messageId"], result["attributes"]), ("77", {"modality": "text"}))


if __name__ == "__main__":
    unittest.main()
