"""Every error that a user can meet, by who is at fault; each class carries its exit code."""

from collections.abc import Iterable


class RelucertError(Exception):
    """Base of all errors that end a command with one clear line."""

    exit_code = 70


class UsageError(RelucertError):
    """The request is at fault: an option, a specification, a path.

    ``key`` is the key of a specification that the complaint is about, so that a reader of files can say where.
    """

    exit_code = 2

    def __init__(self, text: str, key: str | None = None) -> None:
        super().__init__(text)
        self.key = key


class UnreachableError(RelucertError):
    """No construction reaches the tolerance that was asked.

    ``size`` is what one that would be too large to build is predicted to take, as pairs of a name and a count.
    """

    exit_code = 1

    def __init__(self, text: str, size: Iterable[tuple[str, int]] = ()) -> None:
        super().__init__(text)
        self.size = tuple(size)


class RejectedError(RelucertError):
    """A certificate that the checker does not accept was given to a command that needs an accepted one."""

    exit_code = 1


class DeclinedError(RelucertError):
    """The request is well formed and beyond what the program supports or can install."""

    exit_code = 3


class InterruptedSweepError(RelucertError):
    """The user stopped a sweep; says what is kept."""

    exit_code = 130


class DefectError(RelucertError):
    """The program itself is at fault: its own checker refused what it built."""

    exit_code = 70


def nearest(word: str, known: Iterable[str]) -> str:
    """Return advice that names the nearest spelling, or all that is known."""
    import difflib

    known = tuple(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
