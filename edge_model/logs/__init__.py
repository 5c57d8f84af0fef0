"""Session logs: `load` a file, `newest` to make it small."""

from edge_model.logs.load import load
from edge_model.logs.newest import newest
from edge_model.session_log import LogReport, SessionLog

__all__ = ["LogReport", "SessionLog", "load", "newest"]
