"""The network and how it learns: change these two functions to ship another model."""

import keras

from modules.data_spec import DataSpec
from modules.features import IMAGE_KEY, transformed_name
from modules.hyperparameters import Hyperparameters

_WARM_UP_FRACTION = 0.3
_START_FRACTION_OF_PEAK = 1 / 25
_SMALLEST_SIDE = 19
_MOMENTUM_OF_STATISTICS = 0.9


def build_model(hyperparameters: Hyperparameters, data: DataSpec) -> keras.Model:
    """Builds a small convolutional network.

    The first convolution strides over the image, so the costly layers behind it see a quarter of
    the pixels; no layer pads, since the border of an image is empty.

    Returns:
      A model from transformed images, float32 [batch, height, width, channels], to logits, float32
      [batch, num_classes].

    Raises:
      ValueError: The images are too small for it.
    """
    if min(data.height, data.width) < _SMALLEST_SIDE:
        raise ValueError(
            f"data.height, data.width: this network, which pads nothing, needs images of "
            f"{_SMALLEST_SIDE}x{_SMALLEST_SIDE} or more, received {data.describe_size()}. Enlarge "
            "them, or change modules/model.py."
        )
    filters = hyperparameters.filters
    images = keras.Input(data.model_shape, name=transformed_name(IMAGE_KEY))
    features = keras.layers.Conv2D(filters, 5, strides=2, use_bias=False)(images)
    features = _normalize_and_activate(features)
    features = keras.layers.Conv2D(2 * filters, 3, use_bias=False)(features)
    # Pooling first leaves a quarter of the values to normalize.
    features = _normalize_and_activate(keras.layers.MaxPooling2D()(features))
    features = keras.layers.Conv2D(8 * filters, 3, use_bias=False)(features)
    features = keras.layers.Flatten()(_normalize_and_activate(features))
    if hyperparameters.dropout:
        features = keras.layers.Dropout(hyperparameters.dropout)(features)
    logits = keras.layers.Dense(data.num_classes, name="logits")(features)
    return keras.Model(images, logits, name="strided_stem_cnn")


def compile_model(
    model: keras.Model,
    hyperparameters: Hyperparameters,
    *,
    steps_per_epoch: int,
    num_replicas: int = 1,
) -> None:
    """Gives the model its loss, optimizer and metric.

    The learning rate makes one cycle over the whole training: up in a straight line to its peak,
    then down to zero along a cosine.

    Args:
      model: What `build_model` returned.
      hyperparameters: Gives the number of epochs, the peak and the label smoothing.
      steps_per_epoch: Steps in one epoch, which sets the length of the cycle.
      num_replicas: Devices that share a batch, for the learning rate's rule.
    """
    peak = hyperparameters.peak_learning_rate(num_replicas)
    num_steps = hyperparameters.epochs * steps_per_epoch
    warm_up_steps = int(_WARM_UP_FRACTION * num_steps)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=_START_FRACTION_OF_PEAK * peak,
        warmup_target=peak,
        warmup_steps=warm_up_steps,
        decay_steps=num_steps - warm_up_steps,
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        # Labels come as one-hot rows: only that loss can smooth them.
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=hyperparameters.label_smoothing
        ),
        metrics=["accuracy"],
        # XLA costs more to compile than it saves on a network of this size.
        jit_compile=False,
    )


def _normalize_and_activate(features: keras.KerasTensor) -> keras.KerasTensor:
    # Synchronized: the statistics are those of the global batch, so the number of devices that
    # share it does not change what is learned.
    # Momentum: with Keras' 0.99, moving averages still hold a share of what they began with after
    # some hundred steps, which is all that a training on few images has.
    normalize = keras.layers.BatchNormalization(momentum=_MOMENTUM_OF_STATISTICS, synchronized=True)
    return keras.layers.ReLU()(normalize(features))
