"""Opening sealed reports: here, or spread over processes of their own. HPKE is nearly all that a report costs (45 us of it)."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from aggregator.analyzer.folds import BucketRules, Rows, fold_batch
from aggregator.keys import Secret, read_hpke_keys
from contracts import BODY_BYTES, Bucket
from privacy import SealingError, sealing


class Opener:
    """The private keys, held ready."""

    def __init__(self, keys: Mapping[int, Secret]) -> None:
        self._openers = {key_id: sealing.Opener(secret.private) for key_id, secret in keys.items()}
        self._info_of = lru_cache(maxsize=64)(Bucket.info)

    def open(self, bucket: Bucket, bodies: Sequence[bytes]) -> list[bytes | None]:
        """Plaintext of each body, None where HPKE refuses it; all None where the bucket's key is not ours."""
        opener = self._openers.get(bucket.key_id)
        if opener is None:
            return [None] * len(bodies)
        return [_open(opener, body, self._info_of(bucket)) for body in bodies]


def _open(opener: sealing.Opener, body: bytes, info: bytes) -> bytes | None:
    try:
        return opener.open(body, info)
    except SealingError:
        return None


@dataclass(frozen=True)
class Job:
    """A batch to open and fold. `bodies` are `BODY_BYTES` each."""

    bucket: Bucket
    rules: BucketRules
    bodies: bytes


class Opening(Protocol):
    """Where batches are opened and folded."""

    def submit(self, job: Job) -> Future[Rows]:
        """Begin; the result is one row a report."""

    def close(self) -> None:
        """End the processes, if there are any."""


def run_job(opener: Opener, job: Job) -> Rows:
    """Open and fold one batch."""
    bodies = [job.bodies[at : at + BODY_BYTES] for at in range(0, len(job.bodies), BODY_BYTES)]
    return fold_batch(bodies, opener.open(job.bucket, bodies), job.rules)


class OpeningHere:
    """In the thread that submits."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def submit(self, job: Job) -> Future[Rows]:
        """Done when this returns."""
        done: Future[Rows] = Future()
        try:
            done.set_result(run_job(self._opener, job))
        except Exception as error:
            done.set_exception(error)
        return done

    def close(self) -> None:
        """Nothing to end."""


class OpeningInProcesses:
    """Spread over processes, which read the keys themselves and end when this process does, however it ends."""

    def __init__(self, keys: Path, processes: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
        self._pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(keys,))

    def submit(self, job: Job) -> Future[Rows]:
        """A job of the next free process."""
        return self._pool.submit(_run_in_child, job)

    def close(self) -> None:
        """What has begun is finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)


_child: Opener | None = None


def _begin(keys: Path) -> None:
    global _child
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group: the parent ends us
    _child = Opener(read_hpke_keys(keys))
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)  # a parent killed by -9 cannot tell us to end


def _run_in_child(job: Job) -> Rows:
    assert _child is not None
    return run_job(_child, job)


def make_opening(keys: Path, processes: int) -> Opening:
    """`processes` 0: here."""
    return OpeningInProcesses(keys, processes) if processes else OpeningHere(Opener(read_hpke_keys(keys)))
