"""A dead letter that is put back becomes a new task or message. These headers and attributes tell the
worker which one it was at first, so that its effect keeps its name and happens once
(functions/shared/redrive.ts)."""

from __future__ import annotations

import re

TASK = "X-Redrive-Task"
COUNT = "X-Redrive-Count"


def count_of(text: str | None) -> int:
    """The count that a header or an attribute has; 0 for none and for anything else."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text, re.ASCII) else 0
