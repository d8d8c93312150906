"""Asks a model server, over REST or gRPC."""
