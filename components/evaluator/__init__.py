"""TFX's Evaluator, which also sees labels of the train files that are wrong."""
