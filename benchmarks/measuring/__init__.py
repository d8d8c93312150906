"""What benchmarks measure with: commands and nodes that are run, data, and plots of the results."""
