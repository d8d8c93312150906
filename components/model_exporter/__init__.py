"""ModelExporter: the pushed model in formats for phones, browsers and ONNX runtimes."""
