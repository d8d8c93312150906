"""Reports that tests look at."""
