"""`python -m aggregator.analyzer --config intently.yaml`."""

import sys

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.process import arguments, run_process, serve
from aggregator.settings import load_settings
from aggregator.tracing import configure_tracing


def main() -> int:
    """Run the analyzer until it is told to stop."""
    words = arguments("aggregator.analyzer")

    async def run() -> None:
        settings = load_settings(AnalyzerSettings, words.config, words.set)
        configure_tracing(settings.trace, "intently-analyzer")
        if settings.transport == "kafka":
            from aggregator.analyzer.faust_app import run_worker

            await run_worker(settings)
        else:
            from aggregator.analyzer.app import create_app

            await serve(create_app(settings), settings.host, settings.port)

    return run_process(run, words.stop_on_stdin_eof)


if __name__ == "__main__":
    sys.exit(main())
