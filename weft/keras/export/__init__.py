"""`keras.export`: models as functions in a SavedModel, for programs that only predict."""

from __future__ import annotations

from weft.keras.export.archive import ExportArchive

__all__ = ["ExportArchive"]
