"""Layers."""

from __future__ import annotations

from typing import Any

from weft.extend import word_absent
from weft.keras.core import lookup
from weft.keras.layers.activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU
from weft.keras.layers.attention import AdditiveAttention, Attention, MultiHeadAttention
from weft.keras.layers.attention.grouped import GroupQueryAttention
from weft.keras.layers.convolution.conv import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolution2D,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from weft.keras.layers.core.dense import Dense
from weft.keras.layers.core.einsum_dense import EinsumDense
from weft.keras.layers.core.embedding import Embedding
from weft.keras.layers.core.input_layer import Input, InputLayer
from weft.keras.layers.core.reversible_embedding import ReversibleEmbedding
from weft.keras.layers.core.saved_model import TFSMLayer
from weft.keras.layers.core.small import Identity, Lambda, Masking, Rescaling, Wrapper
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer
from weft.keras.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from weft.keras.layers.merging.by_mode import Merge
from weft.keras.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    UnitNormalization,
)
from weft.keras.layers.normalization.norms import RMSNormalization, SpectralNormalization
from weft.keras.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from weft.keras.layers.pooling.adaptive import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from weft.keras.layers.preprocessing.audio import MelSpectrogram, STFTSpectrogram
from weft.keras.layers.preprocessing.dense_features import DenseFeatures
from weft.keras.layers.preprocessing.hashing import HashedCrossing, Hashing
from weft.keras.layers.preprocessing.image.augment import AugMix, RandAugment
from weft.keras.layers.preprocessing.image.bounding import MaxNumBoundingBoxes
from weft.keras.layers.preprocessing.image.colour import (
    AutoContrast,
    Equalization,
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGaussianBlur,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    RandomSharpness,
    Solarization,
)
from weft.keras.layers.preprocessing.image.contrast import ContrastLimitedAdaptiveHistogramEqualization
from weft.keras.layers.preprocessing.image.elastic import RandomElasticTransform
from weft.keras.layers.preprocessing.image.geometry import (
    RandomCrop,
    RandomFlip,
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from weft.keras.layers.preprocessing.image.mixing import CutMix, MixUp, RandomErasing
from weft.keras.layers.preprocessing.image.random_sizes import RandomHeight, RandomWidth
from weft.keras.layers.preprocessing.image.sizes import CenterCrop, Resizing
from weft.keras.layers.preprocessing.lookup import IntegerLookup, StringLookup
from weft.keras.layers.preprocessing.numeric import CategoryEncoding, Discretization, Normalization
from weft.keras.layers.preprocessing.pipeline import Pipeline
from weft.keras.layers.preprocessing.text import TextVectorization
from weft.keras.layers.recurrent.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from weft.keras.layers.recurrent.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from weft.keras.layers.recurrent.rnn import GRU, LSTM, RNN, SimpleRNN
from weft.keras.layers.recurrent.wrappers import Bidirectional, TimeDistributed
from weft.keras.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from weft.keras.layers.reshaping import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
CuDNNGRU, CuDNNLSTM = GRU, LSTM
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
Convolution1D, Convolution3D = Conv1D, Conv3D
Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
Deconvolution2D = Conv2DTranspose


def serialize(layer: Any) -> Any:
    """The configuration of a layer."""
    return lookup.serialize(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer of a configuration.

    Args:
        config: What `serialize` gave; Keras 2's form, with `class_name` and `config` alone, is understood too.
        custom_objects: Name → class, for layers that are not Keras' own.

    Raises:
        ValueError: For an unknown class.
    """
    table = {name: value for name, value in globals().items() if isinstance(value, type) and issubclass(value, Layer)}
    return lookup.deserialize(config, table, "layer", custom_objects)


word_absent(globals(), "keras.layers")

__all__ = [
    "ELU", "GRU", "LSTM", "RNN", "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "AugMix", "AutoContrast",
    "Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D",
    "BatchNormalization", "Bidirectional", "CategoryEncoding", "CenterCrop", "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose",
    "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Convolution1D",
    "Convolution1DTranspose", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose",
    "Cropping1D", "Cropping2D", "Cropping3D", "CuDNNGRU", "CuDNNLSTM", "CutMix", "Deconvolution2D", "Dense",
    "DenseFeatures", "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "EinsumDense",
    "Embedding", "Equalization", "Flatten", "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "GlobalMaxPooling3D", "GroupNormalization", "GroupQueryAttention", "HashedCrossing", "Hashing", "Identity",
    "Input", "InputLayer", "InputSpec", "IntegerLookup", "LSTMCell", "Lambda", "Layer", "LayerNormalization",
    "LeakyReLU", "Masking", "Merge", "MaxNumBoundingBoxes", "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D",
    "MaxPooling2D", "MaxPooling3D", "Maximum", "MelSpectrogram", "Minimum", "MixUp", "MultiHeadAttention",
    "Multiply", "Normalization", "PReLU", "Permute", "Pipeline", "RMSNormalization", "RandAugment",
    "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast", "RandomCrop",
    "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale",
    "RandomHeight", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom", "ReLU",
    "RepeatVector", "Rescaling",
    "Reshape", "Resizing", "ReversibleEmbedding", "STFTSpectrogram", "SeparableConv1D", "SeparableConv2D",
    "SeparableConvolution1D", "SeparableConvolution2D", "SimpleRNN", "SimpleRNNCell", "Softmax", "Solarization",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "SpectralNormalization", "StackedRNNCells",
    "StringLookup", "Subtract", "TFSMLayer", "TextVectorization", "ThresholdedReLU", "TimeDistributed",
    "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper", "ZeroPadding1D",
    "ZeroPadding2D", "ZeroPadding3D", "add", "average", "concatenate", "deserialize", "dot", "maximum", "minimum",
    "multiply", "serialize", "subtract",
]  # fmt: skip
