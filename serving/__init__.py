"""A model server that answers TF Serving's API, and a client for either of them."""
