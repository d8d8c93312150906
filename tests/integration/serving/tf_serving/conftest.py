"""A model server with the models that TensorFlow Serving is tested with."""

from support.serving.stock_models.fixtures import stock, stock_models

__all__ = ["stock", "stock_models"]
