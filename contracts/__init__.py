"""Where both languages and all packages meet: documents, wire layouts and limits. Imports nothing of Intently."""

from contracts.catalogue import Catalogue, Category, Item
from contracts.collection import (
    CAP_DAYS,
    CAP_LIMIT_EPSILON,
    DEMO_EPOCH_LIMIT_S,
    EPOCH_LIMIT_S,
    EPSILON_LIMIT,
    MICRO,
    AffinePointMechanism,
    Collection,
    CollectionKind,
    Configuration,
    KAryMechanism,
    TokenTerms,
)
from contracts.columns import pack_columns, read_columns
from contracts.envelope import (
    LEDGER_ENTRY_TYPE,
    MANIFEST_TYPE,
    RECEIPT_TYPE,
    RELEASE_TYPE,
    Envelope,
    Signature,
    pre_authentication_encoding,
)
from contracts.errors import ContractError, IntentlyError
from contracts.event import Event, EventType, Fact, FactKind
from contracts.feature_spec import Collected, DwellBucketInput, EventTypeInput, FeatureSpec, ItemInput, Series, SignalInput
from contracts.market import NOT_SOLD, Market
from contracts.pool import POOL_DECIMALS, CategoryList, CategoryPool, EpochTerm, Pool, PoolItem
from contracts.ranking import Diversity, Exploration, FeedbackWeights, Frequency, Pin, PlacementRule, RankingRules, Restriction
from contracts.receipt import Guarantees, LedgerEntry, Noise, Receipt, Refusals
from contracts.record import Record, sha256_hex
from contracts.release import (
    FILES_PATH,
    LEDGER_PATH,
    MANIFEST_PATH,
    Availability,
    FileRef,
    HpkeKey,
    Manifest,
    MarketRef,
    Release,
    Roles,
)
from contracts.report import BATCH_MOST, BODY_BYTES, Batch, Bucket, pack_plaintext, unpack_plaintext

__all__ = [
    "BATCH_MOST", "BODY_BYTES", "CAP_DAYS", "CAP_LIMIT_EPSILON", "DEMO_EPOCH_LIMIT_S", "EPOCH_LIMIT_S", "EPSILON_LIMIT",
    "FILES_PATH", "LEDGER_ENTRY_TYPE", "LEDGER_PATH", "MANIFEST_PATH", "MANIFEST_TYPE", "MICRO", "NOT_SOLD", "POOL_DECIMALS",
    "RECEIPT_TYPE", "RELEASE_TYPE", "AffinePointMechanism", "Availability", "Batch", "Bucket", "Catalogue", "Category",
    "CategoryList", "CategoryPool", "Collected", "Collection", "CollectionKind", "Configuration", "ContractError",
    "Diversity", "DwellBucketInput", "Envelope", "EpochTerm", "Event", "EventType", "EventTypeInput", "Exploration", "Fact",
    "FactKind", "FeatureSpec", "FeedbackWeights", "FileRef", "Frequency", "Guarantees", "HpkeKey", "IntentlyError", "Item",
    "ItemInput", "KAryMechanism", "LedgerEntry", "Manifest", "Market", "MarketRef", "Noise", "Pin", "PlacementRule", "Pool",
    "PoolItem", "RankingRules", "Receipt", "Record", "Refusals", "Release", "Restriction", "Roles", "Series", "SignalInput",
    "Signature", "TokenTerms", "pack_columns", "pack_plaintext", "pre_authentication_encoding", "read_columns", "sha256_hex",
    "unpack_plaintext",
]  # fmt: skip
