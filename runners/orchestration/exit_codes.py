"""The exit codes by which a node's process says how it ended (standard library only)."""

SUCCEEDED = 0
FAILED = 1
SKIPPED = 99
