"""The HTTP side of the server: from bytes to a call and back."""
