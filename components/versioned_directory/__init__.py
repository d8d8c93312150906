"""The directory of versions that a model server watches (standard library only)."""
