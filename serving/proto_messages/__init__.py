"""TF Serving's protobuf messages to arrays and back."""
