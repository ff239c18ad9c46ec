"""`tf.math.special`: Bessel functions and integrals without a closed form."""

from __future__ import annotations

from weft.api.common import unary

bessel_i0 = unary("bessel_i0")
bessel_i0e = unary("bessel_i0e")
bessel_i1 = unary("bessel_i1")
bessel_i1e = unary("bessel_i1e")
bessel_j0 = unary("bessel_j0")
bessel_j1 = unary("bessel_j1")
bessel_k0 = unary("bessel_k0")
bessel_k0e = unary("bessel_k0e")
bessel_k1 = unary("bessel_k1")
bessel_k1e = unary("bessel_k1e")
bessel_y0 = unary("bessel_y0")
bessel_y1 = unary("bessel_y1")
dawsn = unary("dawsn")
expint = unary("expint")
fresnel_cos = unary("fresnel_cos")
fresnel_sin = unary("fresnel_sin")
spence = unary("spence")
