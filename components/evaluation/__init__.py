"""What the Evaluator found, for whoever reads it."""
