"""`intently release`: what browsers are told to use."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError

from contracts import FileRef, IntentlyError, Manifest, RankingRules, Release, TokenTerms
from intently.commands.availability import availability
from intently.output import JsonOption, print_json, print_table
from intently.workspace import Workspace

app = typer.Typer(name="release", help="Sign a release, and put it before the browsers.", no_args_is_help=True)
app.command()(availability)
WorkspaceArgument = Annotated[Path, typer.Argument(help="Folder with model/, catalogue.json, keys/ and public/.")]


def check_relay_url(url: str) -> None:
    """Raise `IntentlyError` unless `url` is '' or an origin that a browser can post to."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query):
        raise IntentlyError(f"--relay-url is {url!r}; want an origin, such as https://relay.example or http://127.0.0.1:8091")


@app.command()
def create(
    workspace: WorkspaceArgument,
    data: Annotated[Path, typer.Option(help="Log whose most seen items begin the pool.")],
    relay_url: Annotated[str, typer.Option(help="Origin of the relay; '' for the shop's own.")] = "",
    ranking: Annotated[Path | None, typer.Option(help="Rules of ranking, JSON; default: none (docs/ranking.md).")] = None,
    token_key: Annotated[
        Path | None, typer.Option(help="Public key of the token issuer: then every report carries a token (docs/tokens.md).")
    ] = None,
    token_issuer: Annotated[str, typer.Option(help="Name of the token issuer; default: the shop's.")] = "",
    token_url: Annotated[str, typer.Option(help="Origin of the token issuer; '' for the shop's own.")] = "",
    demo: Annotated[bool, typer.Option("--demo", help="Demo scale: epochs of seconds.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sign model, catalogue, configuration and first pool as the next release, with its manifest."""
    from aggregator.pools import PoolRules
    from edge_model import load
    from intently.commands.catalog import read_catalogue
    from intently.configuration import DEMO, PRODUCTION, configuration
    from intently.demo.prepare import popularity_pool
    from intently.publishing import publish_release

    space = Workspace(workspace)
    check_relay_url(relay_url)
    catalogue = read_catalogue(space.catalogue)
    collections = configuration(
        catalogue.shop, len(catalogue.items), len(catalogue.categories), relay_url, DEMO if demo else PRODUCTION,
        token_terms(token_key, token_issuer or catalogue.shop, token_url),
    )  # fmt: skip
    collections = collections.model_copy(update={"ranking": read_rules(ranking)})
    pool = popularity_pool(load(data), PoolRules()).model_copy(update={"shop": catalogue.shop, "demo": demo})
    release = publish_release(space, collections, catalogue, pool)
    print_json(release) if as_json else show(workspace)


def token_terms(key: Path | None, issuer: str, url: str) -> TokenTerms | None:
    """What browsers are told of the issuer, None without a key; raises `IntentlyError`."""
    if key is None:
        return None
    from privacy.tokens import IssuerKey

    try:
        return TokenTerms(issuer=issuer, key=f"{IssuerKey.from_bytes(key.read_bytes()).n:x}", url=url)
    except OSError as error:
        raise IntentlyError(f"--token-key {key} cannot be read ({error.strerror}); make one with `intently keys token`") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise IntentlyError(f"--token-{first['loc'][0]}: {first['msg']}") from None


def read_rules(path: Path | None) -> RankingRules:
    """Rules of ranking from a file; raises `IntentlyError` or `ContractError` with what is wrong."""
    if path is None:
        return RankingRules()
    try:
        return RankingRules.from_bytes(path.read_bytes())
    except OSError as error:
        raise IntentlyError(f"--ranking {path} cannot be read ({error.strerror}); see docs/ranking.md") from None


@app.command()
def show(workspace: WorkspaceArgument, as_json: JsonOption = False) -> None:
    """The manifest and release in force."""
    from aggregator.keys import read_signing_key
    from aggregator.release import read_manifest, read_release

    space = Workspace(workspace)
    manifest = read_manifest(space.public, read_signing_key(space.keys / "pool.key").public)
    if manifest is None:
        raise IntentlyError(f"{space.public} holds no manifest; make one with: intently release create {workspace} ...")
    release = read_release(space.public, manifest.release)
    if as_json:
        print_json({"manifest": manifest, "release": release})
        return
    rows = [[name, ref.path, f"{ref.bytes:,}"] for name, ref in _files(release, manifest)]
    days = (manifest.expires - time.time()) / 86_400
    title = (
        f"{release.shop}: release {release.version}, manifest {manifest.version}, {len(manifest.receipts)} receipts, "
        f"{days:.1f} days left"
    )
    print_table(title, ["what", "file", "bytes"], rows)


def _files(release: Release, manifest: Manifest) -> list[tuple[str, FileRef]]:
    return [
        ("model", release.model), ("feature spec", release.feature_spec), ("catalogue", release.catalogue),
        ("configuration", release.configuration), ("base pool", release.base_pool), ("pool", manifest.pool),
    ]  # fmt: skip
