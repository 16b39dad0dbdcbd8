from __future__ import annotations

import json
from typing import Any, Callable

from .errors import PermanentError

#: Deeper JSON is refused, as by the functions of the patterns.
MAX_DEPTH = 64


def parse_json(data: bytes, what: str) -> Any:
    """Raises PermanentError `wrong_encoding`, `malformed_json` or `too_deep`; the message quotes
    nothing of the text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{what} is not text in UTF-8, from byte {error.start} on"
        raise PermanentError("wrong_encoding", message) from error
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise _too_deep(what) from error
    except ValueError as error:
        message = f"{what} ({len(data)} bytes) is not JSON in UTF-8"
        raise PermanentError("malformed_json", message) from error
    if _is_deeper(value, MAX_DEPTH):
        raise _too_deep(what)
    return value


def validated(validate: Callable[[Any], Any], value: Any, what: str) -> Any:
    """What `validate` makes of a value. Its ValueError, TypeError or KeyError means that the value is
    not valid; pydantic's ValidationError is a ValueError."""
    try:
        return validate(value)
    except PermanentError:
        raise
    except KeyError as error:
        issue = f"{error.args[0] if error.args else error}: missing"
        raise PermanentError("invalid_payload", f"{what} is not valid. {issue}", issues=[issue]) from error
    except (TypeError, ValueError) as error:
        raise PermanentError("invalid_payload", f"{what} is not valid. {error}", issues=[str(error)]) from error


def _refuse(constant: str) -> None:
    # Python reads NaN and Infinity, which are not JSON.
    raise ValueError(constant)


def _too_deep(what: str) -> PermanentError:
    return PermanentError("too_deep", f"{what} is nested deeper than {MAX_DEPTH} levels")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)
