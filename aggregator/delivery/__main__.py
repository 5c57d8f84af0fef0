"""`python -m aggregator.delivery --config intently.yaml`."""

import sys

from aggregator.delivery.app import create_app
from aggregator.delivery.settings import DeliverySettings
from aggregator.process import arguments, run_process, serve
from aggregator.settings import load_settings


def main() -> int:
    """Run delivery until it is told to stop."""
    words = arguments("aggregator.delivery")

    async def run() -> None:
        settings = load_settings(DeliverySettings, words.config, words.set)
        await serve(create_app(settings), settings.host, settings.port)

    return run_process(run, words.stop_on_stdin_eof)


if __name__ == "__main__":
    sys.exit(main())
