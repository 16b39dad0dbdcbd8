from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from .storage import read_bytes, read_json, split_uri, write_json_once, write_once


@dataclass(frozen=True)
class Job:
    """What a job of a pipeline has to do: a Cloud Run job, or a training on Vertex AI."""

    run: str
    step: str
    #: Of a step with forEach: the place of its element, from 0, and the element.
    index: int | None
    element: Any
    #: The run's parameters.
    parameters: dict[str, Any]
    #: Outputs of earlier steps, by name.
    inputs: dict[str, Any]
    #: The folder for what it writes, `gs://bucket/folder` without a slash at the end.
    output: str
    #: Of a Cloud Run job with several tasks: number of this task, from 0, and how many there are.
    task_index: int
    task_count: int

    def read(self, name: str) -> bytes:
        """The object that an input names. Raises KeyError, ValueError, PermanentError."""
        return read_bytes(*split_uri(self.inputs[name]))

    def read_json(self, name: str) -> Any:
        return read_json(*split_uri(self.inputs[name]))

    def write(self, file: str, data: str | bytes, content_type: str = "application/json") -> str:
        """Writes a file of the output folder, unless an earlier attempt wrote it. Returns its path."""
        bucket, folder = split_uri(self.output)
        write_once(bucket, f"{folder}/{file}", data, content_type)
        return f"{self.output}/{file}"

    def finish(self, **outputs: Any) -> None:
        """Writes outputs.json, whose content becomes the step's outputs. Call it last."""
        bucket, folder = split_uri(self.output)
        write_json_once(bucket, f"{folder}/outputs.json", outputs)


def job() -> Job:
    """Reads the object that PIPELINE_JOB names. Raises KeyError outside of a pipeline."""
    given = read_json(*split_uri(os.environ["PIPELINE_JOB"]))
    return Job(
        run=given["run"],
        step=given["step"],
        index=given.get("index"),
        element=given.get("element"),
        parameters=given.get("parameters", {}),
        inputs=given.get("inputs", {}),
        output=given["output"].rstrip("/"),
        task_index=int(os.environ.get("CLOUD_RUN_TASK_INDEX", "0")),
        task_count=int(os.environ.get("CLOUD_RUN_TASK_COUNT", "1")),
    )
