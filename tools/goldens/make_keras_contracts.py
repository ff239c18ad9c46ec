"""What Keras' layers promise besides numbers: shapes, dtypes, masks, weights and configurations."""

from __future__ import annotations

import json
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

# a layer, as an expression in the names of keras.layers, and its inputs: f floats, i integers, m floats through a
# Masking layer (steps 2 and 3 of 4 are padding), each with its shape; a star means one argument of call for each
CASES = """
Dense(4) | f2,3
Dense(4,activation="relu") | f2,5,3
Dense(4,dtype="mixed_float16") | f2,3
Dense(4) | i2,3
EinsumDense("ab,bc->ac",4) | f2,3
EinsumDense("abc,cd->abd",(None,4),bias_axes="d") | f2,5,3
Embedding(7,3) | i2,4
Embedding(7,3,mask_zero=True) | i2,4
Embedding(7,3,mask_zero=True) | i2,4,2
Masking() | f2,4,3
Masking(-1.) | f2,4,3
Activation("softmax") | f2,3
ReLU(6.) | f2,3
ReLU(negative_slope=.1,threshold=.5) | f2,3
PReLU(shared_axes=[1]) | f2,4,3
Softmax(axis=1) | f2,4,3
Softmax(axis=(1,2)) | f2,4,3
Conv1D(3,2,padding="causal",dilation_rate=2) | f2,8,3
Conv1D(4,3,strides=2,padding="same",groups=2) | f2,8,4
Conv2D(3,(2,3),padding="same",dilation_rate=2) | f2,8,9,3
Conv2D(3,2,data_format="channels_first") | f2,3,8,9
Conv3D(3,2) | f1,4,5,6,2
Conv1DTranspose(3,4,strides=3,padding="same") | f2,5,2
Conv2DTranspose(3,3,strides=2,padding="valid",output_padding=1) | f2,4,5,2
Conv3DTranspose(3,2,strides=2) | f1,2,3,2,2
DepthwiseConv2D(3,depth_multiplier=2,padding="same") | f2,5,6,3
DepthwiseConv1D(3,strides=2) | f2,8,3
SeparableConv1D(4,3) | f2,8,3
SeparableConv2D(4,3,strides=2,padding="same") | f2,8,8,3
MaxPooling1D(2,padding="same") | f2,7,3
MaxPooling2D((2,3),strides=1) | f2,6,7,3
MaxPooling2D(2,data_format="channels_first") | f2,3,6,7
AveragePooling3D(2,padding="same") | f1,5,5,5,2
MaxPooling2D() | i2,4,4,3
GlobalAveragePooling1D() | m2,4,3
GlobalAveragePooling1D(keepdims=True) | f2,4,3
GlobalMaxPooling2D(data_format="channels_first",keepdims=True) | f2,3,4,5
GlobalMaxPooling1D() | m2,4,3
BatchNormalization() | f2,3
BatchNormalization(axis=1) | f2,3,4,5
BatchNormalization(dtype="mixed_bfloat16") | f2,3
BatchNormalization() | m2,4,3
LayerNormalization(axis=(1,2)) | f2,3,4
LayerNormalization() | m2,4,3
GroupNormalization(2) | f2,5,4
UnitNormalization(axis=1) | f2,3,4
Dropout(.3) | f2,3
Dropout(.3) | m2,4,3
Dropout(.3) | i2,3
SpatialDropout1D(.3) | f2,4,3
SpatialDropout2D(.3,data_format="channels_first") | f2,3,4,5
GaussianNoise(.2) | f2,3
GaussianDropout(.2) | f2,3
AlphaDropout(.2,noise_shape=(None,1)) | f2,3
ActivityRegularization(l2=.1) | f2,3
Flatten() | f2,3,4
Flatten() | m2,4,3
Flatten() | f2
Flatten(data_format="channels_first") | f2,3,4,5
Reshape((-1,2)) | f2,3,4
Reshape((12,)) | m2,4,3
Reshape(()) | f2,1
Permute((2,1,3)) | f2,3,4,5
Permute((2,1)) | m2,4,3
RepeatVector(3) | f2,4
UpSampling1D(2) | f2,4,3
UpSampling2D(2,interpolation="bilinear") | f2,3,4,2
UpSampling3D((1,2,3)) | f1,2,2,2,1
ZeroPadding1D(2) | f2,3,2
ZeroPadding1D((1,2)) | m2,4,3
ZeroPadding2D(((1,0),(2,3)),data_format="channels_first") | f2,2,3,4
ZeroPadding3D((1,2,0)) | f1,2,2,2,1
Cropping1D((1,1)) | f2,5,3
Cropping2D((1,2)) | f2,5,6,3
Cropping3D(1) | f1,4,4,4,2
Identity() | m2,4,3
Rescaling(.5) | i2,3
Rescaling(.5) | m2,4,3
LSTM(4) | f2,5,3
LSTM(4,return_sequences=True,return_state=True) | m2,4,3
GRU(4,return_sequences=True,reset_after=False) | f2,5,3
GRU(4,return_state=True) | m2,4,3
SimpleRNN(4,go_backwards=True,return_sequences=True) | m2,4,3
RNN(SimpleRNNCell(4)) | m2,4,3
Bidirectional(LSTM(3,return_sequences=True)) | m2,4,3
Bidirectional(GRU(3,return_state=True),merge_mode="sum") | f2,5,3
Bidirectional(GRU(3),merge_mode=None) | f2,5,3
TimeDistributed(Dense(3)) | f2,5,4
TimeDistributed(Conv2D(3,2)) | f2,3,5,5,1
TimeDistributed(Dense(3)) | m2,4,3
TimeDistributed(LSTM(3)) | f2,3,5,2
ConvLSTM2D(2,2,return_sequences=True) | f2,3,5,5,2
ConvLSTM1D(2,2,data_format="channels_first") | f2,3,2,6
MultiHeadAttention(2,3) | *f2,4,5;f2,6,5
MultiHeadAttention(2,3) | *m2,4,3;m2,4,3
MultiHeadAttention(2,3,output_shape=7,value_dim=2) | *f2,4,5;f2,6,5
GroupQueryAttention(2,4,2) | *f2,4,5;f2,6,5
Attention() | f2,4,3;f2,5,3
Attention(use_scale=True,score_mode="concat") | f2,4,3;f2,5,3
AdditiveAttention() | m2,4,3;m2,4,3
Add() | f2,3;f2,3
Add() | m2,4,3;m2,4,3
Add() | i2,3;f2,3
Subtract() | f2,3;f2,1
Multiply() | f2,3;f2,3
Average() | i2,3;i2,3
Maximum() | f2,3,4;f2,4
Concatenate() | f2,3;f2,4
Concatenate(axis=1) | m2,4,3;m2,4,3
Concatenate() | m2,4,3;m2,4,3
Concatenate(axis=1) | m2,4,3;f2,5,3
Dot(axes=1) | f2,3;f2,3
Dot(axes=(1,2)) | f2,3,4;f2,5,3
Dot(axes=-1,normalize=True) | f2,3;f2,3
SpectralNormalization(Dense(3)) | f2,4
RMSNormalization() | f2,3
Resizing(3,4) | f2,5,6,3
Resizing(3,4) | f5,6,3
CenterCrop(3,4) | f2,5,6,3
RandomRotation(.1) | f2,5,6,3
RandomFlip() | i2,5,6,3
CategoryEncoding(num_tokens=9) | i2,4
CategoryEncoding(num_tokens=9,output_mode="one_hot") | i2,1
Discretization([0.,1.]) | f2,3
Normalization(mean=1.,variance=2.) | f2,3
Hashing(5) | i2,1
IntegerLookup(vocabulary=[1,2]) | i2,3
AdaptiveMaxPooling2D(2) | f2,5,6,3
RNN(StackedRNNCells([LSTMCell(3),GRUCell(2)]),return_sequences=True) | f2,5,3
Dense(3,kernel_regularizer="l2",kernel_constraint="max_norm",bias_initializer="he_normal") | f2,3
BatchNormalization(renorm=True) | f2,3
AveragePooling2D(2,strides=1,padding="same") | f2,5,6,3
LeakyReLU() | m2,4,3
ELU() | f2,3
Minimum() | f2,3;f2,3
GlobalMaxPooling3D() | f1,2,3,4,2
SpatialDropout3D(.2) | f1,2,3,4,2
AdaptiveAveragePooling1D(2) | f2,5,3
ConvLSTM3D(2,2) | f1,2,3,3,3,2
RandomZoom(.2) | f2,5,6,3
RandomTranslation(.2,.1) | f2,5,6,3
RandomContrast(.2) | f2,5,6,3
RandomBrightness(.2) | f2,5,6,3
RandomShear(.2) | f2,5,6,3
Solarization() | f2,5,6,3
RandomCrop(3,4) | f2,5,6,3
GRU(3,dropout=.2,recurrent_dropout=.1) | f2,4,3
LSTM(3,use_bias=False,unroll=True) | m2,4,3
Bidirectional(LSTM(3)) | m2,4,3
"""


def names() -> dict[str, Any]:
    return {name: getattr(keras.layers, name) for name in dir(keras.layers) if not name.startswith("_")}


def inputs_of(spec: str) -> list[Any]:
    found = []
    for part in spec.lstrip("*").split(";"):
        shape = tuple(int(size) for size in part[1:].split(","))
        value = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
        if part[0] == "i":
            value = (np.abs(value) * 5).astype(np.int32)
        if part[0] == "m":
            value[:, 2:] = 0
        found.append(keras.layers.Masking()(tf.constant(value)) if part[0] == "m" else tf.constant(value))
    return found


def record(line: str) -> dict[str, Any]:
    expression, spec = line.split(" | ")
    layer = eval(expression, names())
    inputs = inputs_of(spec)
    found = layer(*inputs) if spec.startswith("*") else layer(inputs if len(inputs) > 1 else inputs[0])
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    masks = [getattr(value, "_keras_mask", None) for value in outputs]
    return {
        "layer": expression,
        "inputs": spec,
        "outputs": [[value.dtype.name, list(value.shape)] for value in outputs],
        "masks": [None if mask is None else np.asarray(mask).astype(int).tolist() for mask in masks],
        "weights": [
            [w.path.split("/", 1)[-1], list(w.shape), bool(w.trainable), keras.backend.standardize_dtype(w.dtype)]
            for w in layer.weights
        ],
        "name": layer.name.rstrip("0123456789_"),
        "masking": bool(layer.supports_masking),
        "config": keras.layers.serialize(layer),
    }


if __name__ == "__main__":
    cases = [record(line) for line in CASES.strip().split("\n")]
    body = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    path = store.GOLDEN_DIR / "keras_contracts.json"
    meta = json.dumps(store.metadata("keras_contracts"))
    path.write_text(f'{{"meta": {meta},\n"cases": [\n{body}\n]}}\n', encoding="utf-8")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size / 1024:.0f} kB")
