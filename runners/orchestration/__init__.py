"""What every orchestrator needs: the compiled pipeline, its tasks and their settings."""
