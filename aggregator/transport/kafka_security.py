"""How to reach a Kafka that asks who comes: TLS, SASL, or both; for aiokafka and for Faust."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from aggregator.errors import SettingsRefused
from contracts import Record


class KafkaSecurity(Record):
    """`kafka_security` of a process. A password stands in a file of its own, never in the settings."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    password_file: str = Field(default="", description="its first line is the password")
    ca_file: str = Field(default="", description="certificates to trust, PEM; '': those of the system")

    @model_validator(mode="after")
    def _complete(self) -> KafkaSecurity:
        if self.protocol.startswith("SASL") and not (self.username and self.password_file):
            raise ValueError(f"protocol {self.protocol} needs 'username' and 'password_file'")
        return self

    @property
    def sasl(self) -> bool:
        """Whether there is a name and a password."""
        return self.protocol.startswith("SASL")

    def password(self) -> str:
        """From its file; raises `SettingsRefused`."""
        try:
            return Path(self.password_file).read_text().splitlines()[0]
        except (OSError, IndexError):
            raise SettingsRefused(f"kafka_security: no password in {self.password_file}") from None

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context, None without TLS; host names are checked. Raises `SettingsRefused`."""
        if "SSL" not in self.protocol:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise SettingsRefused(f"kafka_security: ca_file {self.ca_file}: {error.strerror or error}") from None

    def for_aiokafka(self) -> dict[str, Any]:
        """Arguments of aiokafka's clients."""
        words: dict[str, Any] = {"security_protocol": self.protocol}
        if (context := self.tls()) is not None:
            words["ssl_context"] = context
        if self.sasl:
            words |= {
                "sasl_mechanism": self.mechanism, "sasl_plain_username": self.username, "sasl_plain_password": self.password(),
            }  # fmt: skip
        return words

    def for_faust(self) -> Any:
        """`broker_credentials` of a Faust app; None for plain text."""
        import faust

        context = self.tls()
        if self.sasl:
            return faust.SASLCredentials(
                username=self.username, password=self.password(), mechanism=self.mechanism, ssl_context=context
            )
        return faust.SSLCredentials(context) if context is not None else None


PLAIN = KafkaSecurity()
