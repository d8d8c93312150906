"""Where a pipeline runs, and the command line."""
