"""Open a session log by the kind of file that it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_model.errors import LogUnreadable
from edge_model.logs.npz import load_npz
from edge_model.logs.table import load_csv, load_parquet
from edge_model.session_log import SessionLog

LOADERS: dict[str, Callable[[Path], SessionLog]] = {".npz": load_npz, ".parquet": load_parquet, ".csv": load_csv}


def load(path: Path | str) -> SessionLog:
    """Read a log; the ending of the name says which kind.

    - `.npz`: train_items, train_offsets, test_items, test_offsets; order only.
    - `.parquet`, `.csv`: one row an event, columns session, item and time (or date and order), optionally event, dwell_ms,
      category, price.

    Raises `LogUnreadable` or `LogRefused`, each with one sentence.
    """
    path = Path(path)
    loader = LOADERS.get(path.suffix.lower())
    if loader is None:
        known = ", ".join(LOADERS)
        raise LogUnreadable(
            f"{path}: a log's name ends with one of {known}, got {path.suffix or 'no ending'!r}; convert it first."
        )
    if not path.is_file():
        raise LogUnreadable(f"{path}: there is no such file; check the path.")
    if path.stat().st_size == 0:
        raise LogUnreadable(f"{path}: the file has 0 bytes; fetch it again.")
    return loader(path)
