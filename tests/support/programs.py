"""The project's commands for `python -c`: the code that is first on the path is what runs."""

TFX_MNIST = "from runners.commands.main import main; main()"
SERVE = "from runners.commands.serve import serve; serve()"
PREDICT = "from runners.commands.predict import predict; predict()"
MODEL_SERVER = (
    "from runners.commands.tensorflow_model_server import tensorflow_model_server; "
    "tensorflow_model_server()"
)
