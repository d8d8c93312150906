"""Imports the curated data contract, and sees when it is edited."""
