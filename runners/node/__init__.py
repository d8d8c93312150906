"""What an orchestrator's task runs: `python -m runners.node`."""
