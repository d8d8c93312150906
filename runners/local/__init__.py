"""A run on this machine, with TFX's LocalDagRunner."""
