"""A public data set on mirrors of our own."""

from support.mirrors import dataset, server

__all__ = ["dataset", "server"]
