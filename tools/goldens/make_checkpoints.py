"""Checkpoints that TensorFlow writes of the objects in checkpoint_programs.py, with the values that they hold."""

from __future__ import annotations

import _store as store
import checkpoint_programs as programs
import tensorflow as tf

if __name__ == "__main__":
    folder = store.GOLDEN_DIR / "checkpoints"
    folder.mkdir(exist_ok=True)
    programs.write(tf, folder)
