"""Session logs: `load` a file, `newest` to make it small."""

from edge_model.logs.formats import NAMES as FORMATS
from edge_model.logs.load import load
from edge_model.logs.newest import newest
from edge_model.session_log import LogReport, SessionLog

__all__ = ["FORMATS", "LogReport", "SessionLog", "load", "newest"]
