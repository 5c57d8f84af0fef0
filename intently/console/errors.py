"""Errors of making the audit console.

contracts.IntentlyError
└── ConsoleError             the console cannot be made or served
    ├── ToolMissing          no pyodide-build, and none could be installed
    └── PageToolMissing      Pyodide or esbuild is not in node_modules, or esbuild refused
"""

from contracts import IntentlyError


class ConsoleError(IntentlyError):
    """The console cannot be made or served."""


class ToolMissing(ConsoleError):
    """No pyodide-build that works, and none could be installed."""


class PageToolMissing(ConsoleError):
    """What makes the page is not in node_modules, or refused."""
