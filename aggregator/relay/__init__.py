"""The relay: takes sealed reports, keeps nothing of their senders, hands over shuffled buckets. It holds no key."""
