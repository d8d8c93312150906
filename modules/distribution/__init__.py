"""Which devices and processes train, and how they share a batch."""
