"""A file for each `tfx-mnist` command: options, printing, exit codes (no TensorFlow)."""
