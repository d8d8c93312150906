"""The pipeline on Vertex AI."""
