"""The pipeline as an Airflow DAG."""
