"""Settings of delivery."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from aggregator.settings import ServerSettings


class DeliverySettings(ServerSettings):
    """`python -m aggregator.delivery --config intently.yaml`."""

    program: ClassVar[str] = "delivery"

    public: str = Field(description="folder with manifest.json, files/ and ledger.jsonl")
    bundle: str = Field(default="", description="folder with the browser bundle, served beside them")
    shop: str = Field(default="", description="folder of a shop's pages, served at /; '' for none")
    relay_origin: str = Field(default="", description="origin of the relay, for connect-src of the shop's pages")
    public_path: str = Field(default="/intently", pattern=r"^(/[a-z0-9_-]+)+$", description="where the public files are served")
