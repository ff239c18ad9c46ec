"""`keras.optimizers.legacy`: where TensorFlow 2.11 to 2.15 kept Keras 2's optimizers. The present ones do."""

from weft.keras.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Ftrl, Nadam, Optimizer, RMSprop

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "Optimizer", "RMSprop"]
