"""The sentiment of texts, as a worker of a queue (`main`) and of a push subscription (`message`).

In Cloud Functions the entry point says which; a container says it by FUNCTION_TARGET. In a worker
pool, which has a SUBSCRIPTION, it pulls the messages.
"""

import csv
import io
import json
import os

from model import predict
from serverless_ml import (
    MessageContext,
    PermanentError,
    TaskContext,
    exists,
    message_worker,
    pull_messages,
    read_bytes,
    serve,
    split_uri,
    task_worker,
    write_json_once,
    write_once,
)


def texts_of(records: list) -> list[str]:
    if not 0 < len(records) <= 10_000:
        raise ValueError(f"given {len(records)} records; allowed: 1 to 10000")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise ValueError(f'record {number} is not like {{"text": "a good day"}}')
    return [record["text"] for record in records]


# A shard of an AsyncBatch: a range of bytes of the input, and the object for its predictions.

#: Of a shard, as the submitter makes them.
MOST_BYTES = 8 * 1024**2


def shard_of(payload: dict) -> dict:
    shard = {
        **payload,
        "input": split_uri(payload["input"]),
        "output": split_uri(payload["output"]),
        "generation": int(payload["generation"]),
    }
    for name, variable in (("input", "INPUT_BUCKET"), ("output", "OUTPUT_BUCKET")):
        if shard[name][0] != os.environ[variable]:
            raise ValueError(f"{name}: given bucket {shard[name][0]}; allowed: {os.environ[variable]}")
    start, end = shard["start"], shard["end"]
    if not 0 <= start < end <= start + MOST_BYTES:
        raise ValueError(f"start and end: given {start} and {end}; allowed: up to {MOST_BYTES} bytes")
    return shard


def find_predictions(shard: dict, _: TaskContext) -> dict | None:
    return {"output": shard["output"][1], "written": False} if exists(*shard["output"]) else None


def predict_shard(shard: dict, context: TaskContext) -> dict:
    data = read_bytes(*shard["input"], shard["generation"], shard["start"], shard["end"])
    try:
        text = data.decode("utf-8-sig")
        if "columns" in shard:
            records = [dict(zip(shard["columns"], row)) for row in csv.reader(io.StringIO(text)) if row]
        else:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
        texts = texts_of(records)
    except ValueError as error:
        raise PermanentError("invalid_record", f"The shard is not valid: {error}") from error
    lines = [
        json.dumps({"instance": record, "prediction": prediction}) + "\n"
        for record, prediction in zip(records, predict(texts))
    ]
    written = write_once(*shard["output"], "".join(lines), "application/x-ndjson")
    context.log.info("Predicted", records=len(records), written=written)
    return {"output": shard["output"][1], "records": len(records), "written": written}


# A message of a PubSubFanout: {"instances": [{"text": "a good day"}]}


def instances_of(payload: dict) -> list[str]:
    return texts_of(payload["instances"])


def predict_message(texts: list[str], context: MessageContext) -> None:
    result = {
        "messageId": context.id,
        "publishTime": context.publish_time,
        "attributes": context.attributes,
        "predictions": predict(texts),
    }
    name = f"{os.environ['SUBSCRIBER']}/{context.id}.json"
    written = write_json_once(os.environ["RESULTS_BUCKET"], name, result)
    context.log.info("Predicted", instances=len(texts), written=written)


main = task_worker(predict_shard, shard_of, find_predictions)
message = message_worker(predict_message, instances_of)

if __name__ == "__main__":
    if "SUBSCRIPTION" in os.environ:
        pull_messages(predict_message, instances_of)
    else:
        serve(__file__, "main")
