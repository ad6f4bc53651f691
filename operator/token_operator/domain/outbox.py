"""What happened to one connection and is still to be announced by an Event.

A change is announced once. What lasts (a failure, a clock that is off, a certificate that
expires soon) is announced when it begins and when it becomes something else, not while it
stays the same.
"""

from collections.abc import Set
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One change for an Event; *is_warning* says that a person may have to act."""

    reason: str
    message: str
    is_warning: bool = False
    # What happens again and again under one name has one Event, with a count.
    series: str = ""
    count: int = 1


@dataclass(slots=True)
class Outbox:
    """The notices of one connection that no Event shows yet, and what was announced as lasting."""

    _waiting: list[Notice] = field(default_factory=list)
    # By subject, what stands for the condition that was announced last.
    _lasting: dict[str, str] = field(default_factory=dict)

    def announce(self, reason: str, message: str, *, is_warning: bool = False) -> None:
        """Add a change that just happened."""
        self._waiting.append(Notice(reason=reason, message=message, is_warning=is_warning))

    def announce_again(self, notice: Notice) -> None:
        """Warn of something that may have happened before: the Event of its series is counted."""
        self._waiting.append(replace(notice, is_warning=True))

    def announce_once(
        self, subject: str, reason: str, message: str, *, mark: str | None = None
    ) -> None:
        """Warn of a condition that lasts, unless it is the one announced last for *subject*.

        *mark* stands for the condition where its message may vary; an empty message means that
        the condition is over.
        """
        current = message if mark is None else mark
        if message and self._lasting.get(subject) != current:
            self.announce(reason, message, is_warning=True)
        self.remember(subject, current if message else "")

    def remember(self, subject: str, mark: str) -> None:
        """Take the condition that *mark* stands for as announced: before a restart, for example."""
        self._lasting[subject] = mark

    def holds_any(self, reasons: Set[str]) -> bool:
        """Whether a notice with one of *reasons* waits."""
        return any(notice.reason in reasons for notice in self._waiting)

    def take(self) -> tuple[Notice, ...]:
        """Return the waiting notices, oldest first, and empty the outbox."""
        notices, self._waiting = tuple(self._waiting), []
        return notices
