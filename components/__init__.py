"""TFX components that TFX lacks, and what several of them, or their readers, share."""
