"""Runs a Beam YAML pipeline on this machine.

usage: run_beam.py RESULT OPTION...

The options are those of `python -m apache_beam.yaml.main`, which Google's template Yaml_Template
takes, too. RESULT is a file that gets, as JSON, how the run ended:

    {"error": "ValueError: ...", "metrics": [{"name": ..., "namespace": ..., "step": ..., "value": 3}],
     "seconds": {"start": 3.1, "build": 1.2, "run": 4.5}, "peak_bytes": 123}

`error` is there if the pipeline failed, and is the last line of Beam's message.
"""
import json
import logging
import sys
import time
import traceback

STARTED = time.monotonic()


def run(arguments, result):
    import apache_beam as beam
    from apache_beam.metrics.metric import MetricsFilter
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from apache_beam.yaml import main

    logging.getLogger().setLevel(logging.WARNING)
    seconds = result["seconds"]
    seconds["start"], since = time.monotonic() - STARTED, time.monotonic()
    options, build, _ = main.build_pipeline_components_from_argv(arguments)
    # Not DirectRunner: it would first try to download another runner.
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    build(pipeline)
    seconds["build"], since = time.monotonic() - since, time.monotonic()
    running = pipeline.run()
    running.wait_until_finish()
    seconds["run"] = time.monotonic() - since
    result["metrics"] = [
        {
            "namespace": counter.key.metric.namespace,
            "name": counter.key.metric.name,
            "step": counter.key.step,
            "value": counter.committed,
        }
        for counter in running.metrics().query(MetricsFilter())["counters"]
    ]


def last_line(error):
    """What a person has to know: Beam's errors end with it, after the trace of a worker."""
    if "Traceback (most recent call last)" in str(error):
        return str(error).strip().splitlines()[-1]
    return " ".join("".join(traceback.format_exception_only(type(error), error)).split())


def peak_bytes():
    try:
        import resource
    except ImportError:  # Windows.
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    outcome = {"metrics": [], "seconds": {}}
    try:
        run(sys.argv[2:], outcome)
    except Exception as error:
        traceback.print_exc()
        outcome["error"] = last_line(error)
    outcome["peak_bytes"] = peak_bytes()
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    sys.exit(1 if "error" in outcome else 0)
