"""TF Serving's JSON to arrays and back (neither TensorFlow nor the network)."""
