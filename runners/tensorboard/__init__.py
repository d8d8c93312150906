"""The runs of a pipeline in TensorBoard."""
