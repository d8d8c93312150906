"""The real Airflow, in its own environment."""
