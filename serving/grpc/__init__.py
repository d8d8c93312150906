"""The gRPC side of the server: its port, its services, who may call and its health."""
