"""The pipeline's configuration, thresholds and wiring."""
