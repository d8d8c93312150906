"""Model servers for tests: in a thread and in a process."""
