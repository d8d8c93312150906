"""The data contract, compared with the schema that was inferred from the data."""
