"""`python -m aggregator.relay --config intently.yaml`."""

import sys

from aggregator.process import arguments, run_process, serve
from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from aggregator.settings import load_settings
from aggregator.tracing import configure_tracing


def main() -> int:
    """Run the relay until it is told to stop."""
    words = arguments("aggregator.relay")

    async def run() -> None:
        settings = load_settings(RelaySettings, words.config, words.set)
        configure_tracing(settings.trace, "intently-relay")
        await serve(create_app(settings), settings.host, settings.port, settings.connections_most, settings.slow_after_s)

    return run_process(run, words.stop_on_stdin_eof)


if __name__ == "__main__":
    sys.exit(main())
