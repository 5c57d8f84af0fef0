"""How many reports come of visitors: so that utility is printed for each visitor, not for each report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Visitors:
    """Who comes."""

    consent: float = 0.5
    """Share that allows reports."""
    one_time: float = 0.6
    """Share that comes once; the others come `visits` times, each in an epoch of its own."""
    visits: int = 3
    reports_most: int = 8
    """What the cap allows in its window: floor(cap / epsilon)."""


@dataclass(frozen=True)
class Yield:
    """Reports of a number of visitors."""

    visitors: int
    reports: float
    stayed: float
    """Share of visits that last until the time drawn."""
    per_visit: float
    """Reports of one visitor in one epoch that he comes in, with or without consent: what a batch is made of."""

    @property
    def per_visitor(self) -> float:
        """Reports for each visitor over all his visits, with or without consent."""
        return self.reports / self.visitors


def report_yield(visitors: int, stays_s: NDArray[np.float64], who: Visitors, draw_s: tuple[float, float] = (20.0, 60.0)) -> Yield:
    """Reports accepted of `visitors` whose visits last as `stays_s` does (first page to the end of the last, seconds).

    A visit gives a report if it lasts until T, uniform in `draw_s`: a page closed before T sends at the next page of the same
    epoch. Expectation over T, exact for each stay: P[T <= stay].
    """
    low, high = draw_s
    stayed = float(np.clip((stays_s - low) / (high - low), 0, 1).mean())
    capped = min(who.visits * stayed, who.reports_most)
    each = who.consent * (who.one_time * stayed + (1 - who.one_time) * capped)
    visits = who.one_time + (1 - who.one_time) * who.visits
    return Yield(visitors, visitors * each, stayed, each / visits)


def stays_of(pages: Sequence[int], page_s: Callable[[int], NDArray[np.float64]]) -> NDArray[np.float64]:
    """float64[sessions]: seconds of sessions of so many pages; `page_s(n)` draws the seconds of n pages."""
    lengths = np.asarray(pages)
    return np.add.reduceat(page_s(int(lengths.sum())), np.concatenate([[0], np.cumsum(lengths)[:-1]]))
