"""Callbacks: `keras.callbacks`."""

from __future__ import annotations

from weft.extend import word_absent
from weft.keras.callbacks.averages import SwapEMAWeights
from weft.keras.callbacks.backup import BackupAndRestore
from weft.keras.callbacks.callback import Callback, CallbackList, History, ProgbarLogger
from weft.keras.callbacks.checkpoint import ModelCheckpoint
from weft.keras.callbacks.logs import CSVLogger, LambdaCallback
from weft.keras.callbacks.remote import RemoteMonitor
from weft.keras.callbacks.stopping import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN
from weft.keras.callbacks.tensorboard import TensorBoard

word_absent(globals(), "keras.callbacks")

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor",
    "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
]  # fmt: skip
