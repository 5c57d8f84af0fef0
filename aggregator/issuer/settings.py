"""Settings of the token issuer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from aggregator.settings import LOOPBACK, ServerSettings


class IssuerSettings(ServerSettings):
    """`python -m aggregator.issuer --config intently.yaml`."""

    program: ClassVar[str] = "issuer"

    key: str = Field(description="file of the private RSA key (`intently keys token`)")
    configuration: str = Field(description="file of the configuration: its epoch, and the key and name that it must state")
    account_header: str = Field(
        default="x-intently-account",
        pattern=r"^[a-z0-9-]+$",
        description="header in which the shop's proxy names the account; the proxy must remove it from what browsers send",
    )
    per_epoch: int = Field(default=1, ge=1, description="tokens of one account in one epoch: one for each of its browsers")
    origins: tuple[str, ...] = Field(default=(), description="of the shop's pages, where the issuer is not of their origin")

    @model_validator(mode="after")
    def _behind_a_proxy(self) -> IssuerSettings:
        if self.host not in (LOOPBACK, "::1", "localhost"):
            raise ValueError(
                f"host is {self.host}; want loopback: whoever reaches this port can claim any account in {self.account_header}"
            )
        return self
