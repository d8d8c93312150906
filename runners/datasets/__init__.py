"""Public data sets, and the checksums of any data set."""
