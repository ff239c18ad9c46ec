"""Kernels of convolutions and of their gradients: place by place, by Winograd's tiles, and window by window."""
