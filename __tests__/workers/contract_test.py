"""The contract of a worker in Python, through functions-framework, with doubles of the two clients.

python.test.ts starts it, with workers/ on PYTHONPATH.
"""

import base64
import io
import json
import os
import unittest
from contextlib import redirect_stdout
from unittest import mock

import serverless_ml.storage
from doubles import ENVIRONMENT, TOPIC, Contract
from google.api_core.exceptions import Forbidden, ServiceUnavailable
from serverless_ml.dead_letter import letter_attributes
from serverless_ml.errors import PermanentError
from serverless_ml.payload import parse_json

TASK = {"X-CloudTasks-TaskName": "t-1", "X-CloudTasks-QueueName": "q"}
TASKS = """
    from serverless_ml import PermanentError, task_worker, write_once, exists

    def validate(payload):
        if not isinstance(payload["text"], str):
            raise ValueError("text: allowed: a string")
        return payload["text"]

    def handle(text, context):
        if text == "bad":
            raise PermanentError("empty_text", "The text is bad")
        write_once("shouts", f"{context.id}.txt", text.upper())
        return {"id": context.id, "attempt": context.attempt}

    def find_effect(text, context):
        return {"found": context.id} if exists("shouts", f"{context.id}.txt") else None

    main = task_worker(handle, validate, find_effect)
"""
MESSAGES = """
    from serverless_ml import PermanentError, message_worker, write_json_once

    def handle(payload, context):
        if payload == "bad":
            raise PermanentError("bad_text", "The text is bad")
        write_json_once("results", f"{context.id}.json", [payload, context.attributes, context.attempt])

    main = message_worker(handle)
"""


class Tasks(Contract):
    def test_a_task_is_done_once(self):
        app = self.serve(TASKS)
        trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        self.assertEqual(self.post(app, {"text": "hi"}, {**TASK, **trace}), (200, {"id": "t-1", "attempt": 1}))
        self.assertEqual(self.post(app, {"text": "hi"}, TASK), (200, {"found": "t-1"}))
        self.assertEqual(self.buckets.objects, {("shouts", "t-1.txt"): "HI"})
        self.assertEqual(self.log[-1]["message"], "Done already")
        self.assertEqual(self.log[-1]["task"], "t-1")

    def test_an_effect_is_found_even_without_attempts_left(self):
        app = self.serve(TASKS)
        self.post(app, {"text": "hi"}, TASK)
        spent = {**TASK, "X-CloudTasks-TaskRetryCount": "3"}
        self.assertEqual(self.post(app, {"text": "hi"}, spent), (200, {"found": "t-1"}))
        self.assertEqual(self.publisher.letters, [])

    def test_the_last_attempt_works_and_the_next_is_handed_over_before_any_work(self):
        app = self.serve(TASKS)
        last = {**TASK, "X-CloudTasks-TaskRetryCount": "2"}
        self.assertEqual(self.post(app, {"text": "hi"}, last), (200, {"id": "t-1", "attempt": 3}))
        spent = {"X-CloudTasks-TaskName": "t-2", "X-CloudTasks-QueueName": "q", "X-CloudTasks-TaskRetryCount": "3"}
        self.assertEqual(self.post(app, {"text": "hi"}, spent), (200, {"deadLetter": "attempts_spent"}))
        self.assertNotIn(("shouts", "t-2.txt"), self.buckets.objects)
        attributes = {
            "deadLetterReason": "attempts_spent",
            "deadLetterMessage": "All 3 attempts failed; the log tells why",
            "deadLetterSource": "cloudtasks",
            "deadLetterFunction": "shout",
            "deadLetterService": "shout",
            "deadLetterQueue": "q",
            "deadLetterTask": "t-2",
            "deadLetterAttempts": "4",
        }
        self.assertEqual(self.publisher.letters, [(TOPIC, b'{"text": "hi"}', attributes, "")])

    def test_what_can_never_succeed_is_handed_over_with_code_and_message(self):
        app = self.serve(TASKS)
        for body, code, message in (
            ({"text": "bad"}, "empty_text", "The text is bad"),
            ({}, "invalid_payload", "The body is not valid. text: missing"),
            ({"text": 1}, "invalid_payload", "The body is not valid. text: allowed: a string"),
            (b"{", "malformed_json", "The body (1 bytes) is not JSON in UTF-8"),
            (b"[NaN]", "malformed_json", "The body (5 bytes) is not JSON in UTF-8"),
            (b"\xff\xfe", "wrong_encoding", "The body is not text in UTF-8, from byte 0 on"),
            (b"[" * 65 + b"]" * 65, "too_deep", "The body is nested deeper than 64 levels"),
            (b"[" * 5000 + b"]" * 5000, "too_deep", "The body is nested deeper than 64 levels"),
            (b" " * (1024**2 + 1), "payload_too_large", "The body has 1048577 bytes; allowed: 1048576"),
        ):
            with self.subTest(code=code, message=message):
                self.publisher.letters.clear()
                self.assertEqual(self.post(app, body, TASK), (200, {"deadLetter": code}))
                [(_, _, attributes, _)] = self.publisher.letters
                self.assertEqual(attributes["deadLetterReason"], code)
                self.assertEqual(attributes["deadLetterMessage"], message)

    def test_a_letter_that_cannot_be_published_keeps_the_task(self):
        app = self.serve(TASKS)
        self.publisher.error = ServiceUnavailable("later")
        self.assertEqual(self.post(app, {}, TASK)[0], 503)

    def test_without_a_topic_or_a_queue_the_answer_is_4xx(self):
        permanent = {"code": "empty_text", "message": "The text is bad"}
        self.assertEqual(self.post(self.serve(TASKS), {"text": "bad"}), (400, {"error": permanent}))
        self.assertEqual(self.publisher.letters, [])
        app = self.serve(TASKS, DEAD_LETTER_TOPIC=None)
        spent = {**TASK, "X-CloudTasks-TaskRetryCount": "9"}
        self.assertEqual(self.post(app, {"text": "bad"}, spent), (400, {"error": permanent}))
        self.assertEqual(self.post(app, {"text": "hi"}, spent), (200, {"id": "t-1", "attempt": 10}))

    def test_a_redriven_task_has_the_name_that_it_had_at_first(self):
        app = self.serve(TASKS)
        redriven = {**TASK, "X-Redrive-Task": "t-0", "X-Redrive-Count": "2"}
        self.assertEqual(self.post(app, {"text": "hi"}, redriven), (200, {"id": "t-0", "attempt": 1}))
        self.post(app, {"text": "bad"}, {**redriven, "X-Redrive-Task": "t-9"})
        [(_, _, attributes, _)] = self.publisher.letters
        self.assertEqual((attributes["deadLetterTask"], attributes["deadLetterRedrives"]), ("t-9", "2"))
        without_count = {**TASK, "X-Redrive-Task": "t-0"}
        self.assertEqual(self.post(app, {"text": "hi"}, without_count), (200, {"id": "t-1", "attempt": 1}))

    def test_other_errors_come_again_and_reveal_nothing(self):
        app = self.serve(TASKS)
        for error, status in ((Forbidden("no"), 503), (ServiceUnavailable("no"), 503), (ValueError("secret"), 500)):
            with self.subTest(error=error):
                self.buckets.error = error
                given, body = self.post(app, {"text": "hi"}, TASK)
                self.assertEqual(given, status)
                message = "The worker failed and may succeed later; its log says why"
                self.assertEqual(body, {"error": {"code": "failed", "message": message}})
                self.assertEqual(self.log[-1]["severity"], "ERROR")
                self.assertIn("Traceback", self.log[-1]["message"])
        self.assertEqual(self.publisher.letters, [])

    def test_headers_and_methods_that_are_not_allowed(self):
        app = self.serve(TASKS)
        status, body = self.post(app, {"text": "hi"}, {**TASK, "X-CloudTasks-TaskRetryCount": "many"})
        self.assertEqual((status, body["error"]["code"]), (400, "invalid_header"))
        status, body = self.post(app, b"", method="GET")
        self.assertEqual((status, body["error"]["code"]), (405, "method_not_allowed"))

    def test_a_container_answers_probes(self):
        import serverless_ml

        with mock.patch.object(os, "execve") as served:
            serverless_ml.serve("main.py", "main")
        [(_, command, environment)] = [call.args for call in served.call_args_list]
        self.assertEqual(command[1:], ["-m", "functions_framework", "--source", "main.py", "--target", "main"])
        [(name, value)] = environment.items() - os.environ.items()
        app = self.serve(TASKS, **{name: value})
        self.assertEqual([app.get("/ready").status_code, app.put("/").status_code], [200, 405])
        self.assertEqual(self.post(app, {"text": "hi"}, TASK)[0], 200)

    def test_a_bad_environment_ends_the_start_and_names_each_variable(self):
        with self.assertRaises(ValueError) as raised:
            self.serve(TASKS, MAX_ATTEMPTS="0", DEAD_LETTER_TOPIC="dead")
        message = (
            "Bad environment: DEAD_LETTER_TOPIC is 'dead'; allowed: a topic name like projects/P/topics/T. "
            "MAX_ATTEMPTS is '0'; allowed: a whole number from 1 to 1000"
        )
        self.assertEqual(str(raised.exception), message)


class Wsgi(Contract):
    def test_a_worker_is_an_application_for_other_servers(self):
        from serverless_ml import task_worker, wsgi
        from werkzeug.test import Client

        with mock.patch.dict(os.environ, ENVIRONMENT):
            app = Client(wsgi(task_worker(lambda payload, context: {"got": payload})))
        with redirect_stdout(io.StringIO()):
            answers = [app.post("/", json={"a": 1}), app.get("/"), app.post("/", data=b"{")]
        self.assertEqual([answer.status_code for answer in answers], [200, 405, 400])
        self.assertEqual(answers[0].get_json(), {"got": {"a": 1}})
        self.assertEqual(answers[1].headers["Allow"], "POST")


class Messages(Contract):
    def envelope(self, payload, **more):
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        message = {
            "data": base64.b64encode(data).decode(),
            "attributes": {"modality": "text", "googclient_schemaname": "s"},
            "messageId": "77",
            "publishTime": "2026-01-31T12:00:00.000Z",
        }
        return {"message": message, "subscription": "projects/acme-ml/subscriptions/sub", **more}

    def test_a_message_is_acknowledged(self):
        app = self.serve(MESSAGES)
        for _ in range(2):
            self.assertEqual(self.post(app, self.envelope("hi", deliveryAttempt=2))[0], 204)
        [written] = self.buckets.objects.values()
        self.assertEqual(json.loads(written), ["hi", {"modality": "text", "googclient_schemaname": "s"}, 2])

    def test_what_can_never_succeed_is_handed_over_and_acknowledged(self):
        app = self.serve(MESSAGES)
        envelope = self.envelope("bad", deliveryAttempt=2)
        # Attributes may have any name, also that of an argument of the client.
        envelope["message"].update(orderingKey="k", attributes={"modality": "text", "timeout": "1"})
        self.assertEqual(self.post(app, envelope)[0], 204)
        attributes = {
            "modality": "text",
            "timeout": "1",
            "deadLetterReason": "bad_text",
            "deadLetterMessage": "The text is bad",
            "deadLetterSource": "pubsub",
            "deadLetterFunction": "shout",
            "deadLetterService": "shout",
            "deadLetterMessageId": "77",
            "CloudPubSubDeadLetterSourceSubscription": "sub",
            "CloudPubSubDeadLetterSourceSubscriptionProject": "acme-ml",
            "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-01-31T12:00:00.000Z",
            "CloudPubSubDeadLetterSourceDeliveryCount": "2",
        }
        self.assertEqual(self.publisher.letters, [(TOPIC, b'"bad"', attributes, "k")])

    def test_only_messages_of_the_redrive_subscription_say_who_they_were(self):
        app = self.serve(MESSAGES, REDRIVE_SUBSCRIPTION="projects/acme-ml/subscriptions/back")
        first = {"redriveMessageId": "7", "redrivePublishTime": "2026-01-01T00:00:00Z", "redriveCount": "2"}
        for subscription, name, attributes in (
            ("projects/acme-ml/subscriptions/back", "7.json", {"modality": "text"}),
            ("projects/acme-ml/subscriptions/sub", "77.json", {"modality": "text", **first}),
        ):
            envelope = self.envelope("hi", subscription=subscription)
            envelope["message"]["attributes"] = {"modality": "text", **first}
            self.assertEqual(self.post(app, envelope)[0], 204)
            self.assertEqual(json.loads(self.buckets.objects["results", name])[1], attributes)
        envelope = self.envelope("bad", subscription="projects/acme-ml/subscriptions/back")
        envelope["message"]["attributes"] = first
        self.assertEqual(self.post(app, envelope)[0], 204)
        [(_, _, attributes, _)] = self.publisher.letters
        self.assertEqual((attributes["deadLetterMessageId"], attributes["deadLetterRedrives"]), ("7", "2"))
        self.assertEqual(attributes["CloudPubSubDeadLetterSourceTopicPublishTime"], "2026-01-01T00:00:00Z")
        self.assertNotIn("redriveCount", attributes)

    def test_other_errors_are_delivered_again(self):
        app = self.serve(MESSAGES)
        self.buckets.error = ServiceUnavailable("no")
        self.assertEqual(self.post(app, self.envelope("hi"))[0], 503)
        self.assertEqual(self.publisher.letters, [])

    def test_what_is_no_envelope_is_answered_400(self):
        app = self.serve(MESSAGES)
        for body in ([], {}, {"message": 1}, {**self.envelope("hi"), "subscription": "sub"}):
            status, answer = self.post(app, body)
            self.assertEqual((status, answer["error"]["code"]), (400, "invalid_payload"))
        self.assertEqual(self.publisher.letters, [])


class Jobs(Contract):
    def test_a_job_reads_what_it_has_to_do_and_writes_its_outputs_once(self):
        from serverless_ml import job

        given = {"run": "r", "step": "train", "index": 2, "element": {"x": 1}, "output": "gs://runs/runs/r/train/00002"}
        given.update(parameters={"depth": 3}, inputs={"data": "gs://runs/data.json"})
        self.buckets.objects = {("runs", "job.json"): json.dumps(given), ("runs", "data.json"): "[1, 2]"}
        with mock.patch.dict(os.environ, {"PIPELINE_JOB": "gs://runs/job.json", "CLOUD_RUN_TASK_INDEX": "1"}):
            work = job()
        self.assertEqual((work.index, work.element, work.parameters), (2, {"x": 1}, {"depth": 3}))
        self.assertEqual((work.task_index, work.task_count), (1, 1))
        self.assertEqual(work.read_json("data"), [1, 2])
        for text in ("first", "second"):
            path = work.write("model.txt", text, "text/plain")
            work.finish(model=path)
        self.assertEqual(path, "gs://runs/runs/r/train/00002/model.txt")
        self.assertEqual(self.buckets.objects["runs", "runs/r/train/00002/model.txt"], "first")
        outputs = json.loads(self.buckets.objects["runs", "runs/r/train/00002/outputs.json"])
        self.assertEqual(outputs, {"model": path})
        with self.assertRaises(PermanentError) as raised:
            serverless_ml.storage.read_bytes("runs", "nothing")
        self.assertEqual(raised.exception.code, "missing_object")


class Letters(unittest.TestCase):
    def test_attributes_stay_within_the_limits_of_pubsub(self):
        reason = PermanentError("bad", "ä" * 2000)
        many = {f"key{number}": "x" * 2000 for number in range(200)}
        letter = letter_attributes(reason, {"deadLetterSource": "pubsub", "none": None}, {"googx": "1", "": "2", **many})
        self.assertEqual(len(letter), 100)
        self.assertLessEqual(max(len(value.encode()) for value in letter.values()), 1024)
        self.assertEqual(letter["deadLetterSource"], "pubsub")
        self.assertFalse({"googx", "", "none"} & letter.keys())

    def test_half_a_surrogate_pair_is_no_reason_to_fail(self):
        value = parse_json(b'"\\ud800"', "The body")
        letter = letter_attributes(PermanentError("bad", value), {}, {value: "key", "key": value})
        self.assertEqual(letter, {"key": "?", "deadLetterReason": "bad", "deadLetterMessage": "?"})


if __name__ == "__main__":
    unittest.main()
