"""`tfx-mnist compile`: puts the pipeline into the form that an orchestrator takes."""
