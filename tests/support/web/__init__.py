"""A real browser, and a static host for it."""
