"""Which devices train, and how they share a batch."""
