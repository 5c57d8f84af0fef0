"""Read what a shop publishes, verified as a browser does: pinned release key, delegated pool key, every hash."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from contracts import (
    MANIFEST_TYPE,
    RELEASE_TYPE,
    Catalogue,
    Configuration,
    Envelope,
    FileRef,
    IntentlyError,
    Manifest,
    Pool,
    Release,
    sha256_hex,
)
from privacy.signing import verify


class PublicFilesRefused(IntentlyError):
    """What was served does not follow from the pinned key."""


@dataclass(frozen=True)
class Published:
    """One atomic set, as served at one moment."""

    manifest: Manifest
    release: Release
    configuration: Configuration
    catalogue: Catalogue
    pool: Pool
    base_pool: Pool


async def get_file(http: httpx.AsyncClient, ref: FileRef) -> bytes:
    """A content-addressed file; raises `PublicFilesRefused` if its hash is another."""
    answer = await http.get(f"/intently/{ref.path}")
    answer.raise_for_status()
    if sha256_hex(answer.content) != ref.sha256:
        raise PublicFilesRefused(f"{ref.path}: got bytes with SHA-256 {sha256_hex(answer.content)[:12]}..., want its name")
    return answer.content


async def get_manifest(http: httpx.AsyncClient, release_key: str) -> tuple[Manifest, Release]:
    """Newest manifest and its release, both verified."""
    answer = await http.get("/intently/manifest.json")
    answer.raise_for_status()
    envelope = Envelope.from_bytes(answer.content)
    claimed = Manifest.from_bytes(envelope.payload_bytes())
    release_envelope = Envelope.from_bytes(await get_file(http, claimed.release))
    release = Release.from_bytes(verify(release_envelope, RELEASE_TYPE, bytes.fromhex(release_key)))
    verify(envelope, MANIFEST_TYPE, bytes.fromhex(release.roles.pool))
    return claimed, release


async def get_published(http: httpx.AsyncClient, release_key: str) -> Published:
    """Everything that a simulated client needs."""
    manifest, release = await get_manifest(http, release_key)
    return Published(
        manifest=manifest,
        release=release,
        configuration=Configuration.from_bytes(await get_file(http, release.configuration)),
        catalogue=Catalogue.from_bytes(await get_file(http, release.catalogue)),
        pool=Pool.from_bytes(await get_file(http, manifest.pool)),
        base_pool=Pool.from_bytes(await get_file(http, release.base_pool)),
    )
