"""When a batch is too early or too late, and when a bucket closes: by the analyzer's own clock, never by the relay's word.

epoch e of length s    [e s, (e + 1) s)
folded                 while the clock is in [(e + 1) s - early_most_s, (e + 1) s + late_most_s)
closed                 complete: once its epoch is over; else incomplete_after_s later, with what has come
forgotten              retention_s after its epoch; late_most_s <= retention_s, so a bucket that was forgotten never reopens
"""

from __future__ import annotations

from dataclasses import dataclass

EARLY = "epoch is too far in the future"
LATE = "epoch is too long over"


@dataclass(frozen=True)
class LatePolicy:
    """All in seconds."""

    early_most_s: float
    late_most_s: float
    incomplete_after_s: float
    retention_s: float

    def refusal(self, epoch: int, epoch_s: int, now_s: float) -> str:
        """Why a batch of that epoch is not folded now, '' where it is."""
        over = (epoch + 1) * epoch_s
        if over > now_s + self.early_most_s:
            return EARLY
        return LATE if now_s >= over + self.late_most_s else ""

    def closes(self, epoch: int, epoch_s: int, complete: bool, now_s: float) -> bool:
        """Whether an open bucket closes now. One of an epoch that is not over does not, whatever the relay says."""
        return now_s >= (epoch + 1) * epoch_s + (0 if complete else self.incomplete_after_s)

    def forgets(self, epoch: int, epoch_s: int, now_s: float) -> bool:
        """Whether an ended bucket's row is deleted."""
        return now_s >= (epoch + 1) * epoch_s + self.retention_s
