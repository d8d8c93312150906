"""The user code that TFX calls: features, preprocessing, model and trainer."""
