"""`python -m aggregator.issuer --config intently.yaml`."""

import sys
from pathlib import Path

from starlette.applications import Starlette

from aggregator.errors import SettingsRefused
from aggregator.issuer.app import issuer_app
from aggregator.issuer.settings import IssuerSettings
from aggregator.process import arguments, run_process, serve
from aggregator.settings import load_settings
from contracts import Configuration, ContractError
from privacy.key_files import passphrase_of
from privacy.token_issuer import Issuer
from privacy.token_keys import read_token_key


def create_app(settings: IssuerSettings) -> Starlette:
    """The application; raises `SettingsRefused` where the configuration asks for tokens of another key, or for none."""
    issuer = Issuer(read_token_key(Path(settings.key), passphrase_of()), settings.per_epoch)
    try:
        told = Configuration.from_bytes(Path(settings.configuration).read_bytes())
    except (OSError, ContractError) as error:
        raise SettingsRefused(f"configuration {settings.configuration}: {error}") from None
    if told.tokens is None or int(told.tokens.key, 16) != issuer.key.n:
        asked = "no tokens" if told.tokens is None else "tokens of another key"
        raise SettingsRefused(
            f"configuration {settings.configuration}: asks for {asked}; "
            "create the release with --token-key and the public file of this key"
        )
    header = settings.account_header
    return issuer_app(issuer, told.epoch_s, lambda request: request.headers.get(header, ""), settings.origins)


def main() -> int:
    """Run the issuer until it is told to stop."""
    words = arguments("aggregator.issuer")

    async def run() -> None:
        settings = load_settings(IssuerSettings, words.config, words.set)
        await serve(create_app(settings), settings.host, settings.port)

    return run_process(run, words.stop_on_stdin_eof)


if __name__ == "__main__":
    sys.exit(main())
