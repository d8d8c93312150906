"""The pipeline specification that Kubeflow Pipelines and Vertex AI both take."""
