"""Stops the run where the data break the contract, or are not what they were."""
