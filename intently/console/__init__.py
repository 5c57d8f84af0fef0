"""The audit console: a static page that runs `privacy.accounting` in the auditor's own browser."""

from intently.console.build import ConsoleBuild, build_console
from intently.console.errors import ConsoleError, PageToolMissing, ToolMissing
from intently.console.serve import console_server

__all__ = ["ConsoleBuild", "ConsoleError", "PageToolMissing", "ToolMissing", "build_console", "console_server"]
