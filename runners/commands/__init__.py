"""A file for each `tfx-mnist` command: options, printing, exit codes; the work is elsewhere."""
