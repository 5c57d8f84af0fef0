"""Intently's command line, supervisor and demo: wiring only, what computes stands in the other packages."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("intently")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+source"

__all__ = ["__version__"]
