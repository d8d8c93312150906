"""TFX's Tuner, which also says what came of each trial."""
