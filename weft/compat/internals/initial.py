"""Initializers under the names they have in TensorFlow's own module."""

import weft

Initializer = weft.keras.initializers.Initializer
Zeros = weft.zeros_initializer
Ones = weft.ones_initializer
Constant = weft.constant_initializer
RandomUniform = weft.random_uniform_initializer
RandomNormal = weft.random_normal_initializer
glorot_uniform = weft.keras.initializers.GlorotUniform
glorot_normal = weft.keras.initializers.GlorotNormal
he_normal = weft.keras.initializers.HeNormal
he_uniform = weft.keras.initializers.HeUniform
lecun_normal = weft.keras.initializers.LecunNormal
lecun_uniform = weft.keras.initializers.LecunUniform
