"""Trains a multiclass logistic regression, as a job of a pipeline: a custom job of Vertex AI or a Cloud
Run job. Inputs and outputs are those of the function pipeline-train, and so is the model, in whose
words functions/pipeline-train/logistic-regression.ts describes it.

It reads job.json, which PIPELINE_JOB names, and the data set `train` of an earlier step. It writes
model.json and outputs.json into the step's folder, once: a repeated attempt keeps what is there.

Where Vertex AI has mounted the bucket (below /gcs), it needs the standard library alone; elsewhere
google-cloud-storage.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path

#: Where Vertex AI mounts buckets. https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system
MOUNT = Path(os.environ.get("GCS_MOUNT", "/gcs"))

#: Name: default, least, most, and whether it is a whole number.
PARAMETERS = {
    "maxIterations": (2_000, 1, 10_000, True),
    "l2": (0.001, 0, 10, False),
    "tolerance": (1e-5, 0, 1, False),
}


def main() -> None:
    job = json.loads(read(os.environ["PIPELINE_JOB"]))
    options = checked(job.get("parameters", {}))
    dataset = json.loads(read(job["inputs"]["train"]))
    model = fit(dataset, **options)
    path = f"{job['output']}/model.json"
    write_once(path, json.dumps(model, indent=2))
    write_once(f"{job['output']}/outputs.json", json.dumps({"model": path, "metrics": model["metrics"]}))
    print(json.dumps({"severity": "INFO", "message": "Trained", **model["metrics"]}), flush=True)


def checked(given: dict) -> dict:
    """The options of the training. Raises ValueError that names every bad parameter."""
    options, problems = {}, []
    for name, (default, least, most, whole) in PARAMETERS.items():
        value = given.get(name, default)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not least <= value <= most or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            problems.append(f"{name}: given {value!r}; allowed: {kind} from {least} to {most}")
        options[name] = value
    if problems:
        raise ValueError(f"The parameters are not valid. {'. '.join(problems)}")
    return options


def fit(dataset: dict, maxIterations: int, l2: float, tolerance: float) -> dict:
    """Full-batch gradient descent from zero: nothing is random, so the same data give the same model.
    The step is one over a bound of the loss's curvature, so the loss never rises."""
    features, classes = dataset["features"], dataset["classes"]
    rows = [row["x"] for row in dataset["rows"]]
    targets = [classes.index(row["label"]) for row in dataset["rows"]]
    weights = [[0.0] * len(features) for _ in classes]
    bias = [0.0] * len(classes)
    mean_square = sum(1 + sum(value**2 for value in x) for x in rows) / len(rows)
    step = 1 / (mean_square / 2 + l2)
    loss, iterations = math.inf, 0
    while iterations < maxIterations:
        before = loss
        cross_entropy, errors, errors_by_feature = gradient(weights, bias, rows, targets)
        loss = cross_entropy + l2 / 2 * sum(weight**2 for row in weights for weight in row)
        if before - loss < tolerance:
            break
        for k, row in enumerate(weights):
            bias[k] -= step * errors[k]
            weights[k] = [
                weight - step * (error + l2 * weight) for weight, error in zip(row, errors_by_feature[k])
            ]
        iterations += 1
    right = sum(argmax(probabilities(weights, bias, x)) == target for x, target in zip(rows, targets))
    return {
        "features": features,
        "classes": classes,
        "scaling": dataset["scaling"],
        "weights": weights,
        "bias": bias,
        "metrics": {"iterations": iterations, "loss": loss, "accuracy": right / len(rows)},
    }


def gradient(weights, bias, rows, targets):
    """Mean cross-entropy, and the gradient without penalty: means over the rows of `p_k - y_k` (bias)
    and of `(p_k - y_k) x_j` (weights)."""
    cross_entropy = 0.0
    errors = [0.0] * len(bias)
    errors_by_feature = [[0.0] * len(row) for row in weights]
    for x, target in zip(rows, targets):
        p = probabilities(weights, bias, x)
        cross_entropy -= math.log(max(p[target], sys.float_info.min)) / len(rows)
        for k, row in enumerate(errors_by_feature):
            error = (p[k] - (k == target)) / len(rows)
            errors[k] += error
            for j, value in enumerate(x):
                row[j] += error * value
    return cross_entropy, errors, errors_by_feature


def probabilities(weights, bias, x) -> list[float]:
    scores = [
        start + sum(weight * value for weight, value in zip(row, x)) for row, start in zip(weights, bias)
    ]
    highest = max(scores)
    exponentials = [math.exp(score - highest) for score in scores]
    total = sum(exponentials)
    return [value / total for value in exponentials]


def argmax(values: list[float]) -> int:
    return values.index(max(values))


def read(uri: str) -> bytes:
    mounted = mounted_path(uri)
    if mounted:
        return mounted.read_bytes()
    return blob(uri).download_as_bytes()


def write_once(uri: str, text: str) -> None:
    mounted = mounted_path(uri)
    try:
        if mounted:
            mounted.parent.mkdir(parents=True, exist_ok=True)
            with mounted.open("x", encoding="utf-8") as file:
                file.write(text)
        else:
            blob(uri).upload_from_string(text, "application/json", if_generation_match=0)
    except Exception as error:
        # An earlier attempt wrote it.
        if not isinstance(error, FileExistsError) and getattr(error, "code", None) != 412:
            raise


def mounted_path(uri: str) -> Path | None:
    """The file of a `gs://` path, where its bucket is mounted."""
    bucket, name = split(uri)
    return MOUNT / bucket / name if (MOUNT / bucket).is_dir() else None


def blob(uri: str):
    # The client would read the bucket's metadata in the background; a job has no right to.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    from google.cloud import storage

    bucket, name = split(uri)
    return storage.Client().bucket(bucket).blob(name)


def split(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket or not name:
        raise ValueError(f"given {uri!r}; allowed: a path like gs://bucket/name")
    return bucket, name


if __name__ == "__main__":
    main()
