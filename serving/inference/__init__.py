"""A request in, an answer out; knows no protocol."""
