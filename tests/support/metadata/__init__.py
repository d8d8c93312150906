"""What runs leave in ML Metadata, without a run."""
