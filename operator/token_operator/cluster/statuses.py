"""The status of a connection: from its raw form and back, and by what patch it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from token_operator.cluster.merge_patch import either, merge_patch
from token_operator.cluster.raw_form import raw_from, value_from
from token_operator.domain.resource_versions import is_later
from token_operator.domain.status import Status, is_worth_writing
from token_operator.domain.timeline import UNMOVED, Timeline

Raw = Mapping[str, Any]


def status_from(raw: Raw, timeline: Timeline = UNMOVED) -> Status:
    """Return the status of a raw SalesforceConnection; what cannot be read is taken as absent."""
    return value_from(Status, raw.get("status"), timeline) or Status()


def raw_status(status: Status, timeline: Timeline = UNMOVED) -> dict[str, Any]:
    """Return the raw form of *status*; what is absent is left out."""
    return raw_from(status, timeline)


@dataclass(slots=True)
class ReportedStatus:
    """The status that the API server holds, as far as is known.

    A write sends only what differs from what the API server showed last, by a watch or by its
    answer to a write: whatever somebody else changed there is set right by the next write.
    After a write whose outcome is unknown, the next one sends everything.
    """

    # As it was last written, or read at the start.
    status: Status = field(default_factory=Status)
    _raw: Raw = field(default_factory=dict)
    _version: str = ""
    # By which its instants were shown.
    _timeline: Timeline = UNMOVED
    # What a write that got no answer may have left.
    _attempted: Raw | None = None

    @classmethod
    def read(cls, raw: Raw, timeline: Timeline = UNMOVED) -> "ReportedStatus":
        """Return the status of a raw SalesforceConnection that is seen for the first time."""
        reported = cls(status_from(raw, timeline), _timeline=timeline)
        reported.see(raw)
        return reported

    def see(self, raw: Raw) -> None:
        """Take the connection as a watch shows it, unless a later version is known."""
        version = raw["metadata"].get("resourceVersion", "")
        if is_later(version, self._version):
            self._raw, self._version = raw.get("status") or {}, version

    def is_worth_writing(self, status: Status, timeline: Timeline) -> bool:
        """Whether *status* has news, or its instants are to be shown by another wall clock."""
        return timeline != self._timeline or is_worth_writing(status, self.status)

    def begin_write(self, status: Status, timeline: Timeline = UNMOVED) -> dict[str, Any]:
        """Return the merge patch that makes the status *status*: empty where it is that already."""
        after, before = raw_status(status, timeline), self._raw
        if self._attempted is not None:
            before = either(before, self._attempted)
        patch = merge_patch(before, after)
        if patch:
            self._attempted = after
        return patch

    def end_write(self, status: Status, answer: Raw, timeline: Timeline = UNMOVED) -> None:
        """Take the connection as the API server shows it in its answer to the write."""
        self.status, self._timeline = status, timeline
        if "status" in answer:
            self._attempted = None
            self.see(answer)
