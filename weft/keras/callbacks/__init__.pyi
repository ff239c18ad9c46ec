"""Written by tools/make_stubs.py; do not edit."""

from weft.keras.callbacks.averages import SwapEMAWeights as SwapEMAWeights
from weft.keras.callbacks.backup import BackupAndRestore as BackupAndRestore
from weft.keras.callbacks.callback import Callback as Callback
from weft.keras.callbacks.callback import CallbackList as CallbackList
from weft.keras.callbacks.callback import History as History
from weft.keras.callbacks.callback import ProgbarLogger as ProgbarLogger
from weft.keras.callbacks.checkpoint import ModelCheckpoint as ModelCheckpoint
from weft.keras.callbacks.logs import CSVLogger as CSVLogger
from weft.keras.callbacks.logs import LambdaCallback as LambdaCallback
from weft.keras.callbacks.remote import RemoteMonitor as RemoteMonitor
from weft.keras.callbacks.stopping import EarlyStopping as EarlyStopping
from weft.keras.callbacks.stopping import LearningRateScheduler as LearningRateScheduler
from weft.keras.callbacks.stopping import ReduceLROnPlateau as ReduceLROnPlateau
from weft.keras.callbacks.stopping import TerminateOnNaN as TerminateOnNaN
from weft.keras.callbacks.tensorboard import TensorBoard as TensorBoard
