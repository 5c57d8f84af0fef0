"""The analyzer: opens reports, counts each exactly once, and publishes pools and receipts. It holds the keys."""
