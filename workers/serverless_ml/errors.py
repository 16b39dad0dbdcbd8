from __future__ import annotations


class PermanentError(Exception):
    """An error that a retry cannot fix: bad input, a missing object, an invalid payload.

    The worker answers its 4xx status or, with a dead letter topic, sends code and message to the
    dead letter. Any other error may pass, and the work comes again.
    """

    def __init__(self, code: str, message: str, status: int = 400, issues: list[str] | None = None):
        """
        code: short and stable, for programs, such as `missing_object`; the only part of the error
            in the logs.
        message: for people: what was given, what is allowed, where. It may quote the input.
        status: HTTP status, 400 to 499.
        issues: one line per problem, when there are several.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.issues = issues
