"""Write contracts/schemas/contracts.schema.json from the records: `python -m contracts.export`.

`npm run types` makes contracts/types.ts from that file, so both languages read one definition.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic.json_schema import models_json_schema

from contracts.catalogue import Catalogue
from contracts.collection import Configuration
from contracts.envelope import Envelope
from contracts.event import Event, Fact
from contracts.feature_spec import FeatureSpec
from contracts.market import Market
from contracts.pool import CategoryPool, Pool
from contracts.receipt import LedgerEntry, Receipt
from contracts.record import Record
from contracts.release import Manifest, Release

DOCUMENTS: tuple[type[Record], ...] = (
    Catalogue, CategoryPool, Configuration, Envelope, Event, Fact, FeatureSpec, LedgerEntry, Manifest, Market, Pool, Receipt,
    Release,
)  # fmt: skip
SCHEMA_PATH = Path(__file__).parent / "schemas" / "contracts.schema.json"


def schema_text() -> str:
    """JSON Schema of every document under `$defs`, as it stands in the repository."""
    _, schema = models_json_schema([(document, "serialization") for document in DOCUMENTS], title="Contracts")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Rewrite the schema."""
    SCHEMA_PATH.parent.mkdir(exist_ok=True)
    SCHEMA_PATH.write_text(schema_text())


if __name__ == "__main__":
    main()
