"""`tf.contrib.tensorboard.plugins.projector`: which variables TensorBoard shows as points."""

from __future__ import annotations

import os
from typing import Any

from weft.formats.files import replacing
from weft.formats.messages.projector import EmbeddingInfo as EmbeddingInfo
from weft.formats.messages.projector import ProjectorConfig as ProjectorConfig
from weft.formats.messages.projector import SpriteMetadata as SpriteMetadata
from weft.formats.text import to_text

#: the file that TensorBoard looks for
PROJECTOR_FILENAME = "projector_config.pbtxt"


def visualize_embeddings(summary_writer: Any, config: ProjectorConfig) -> None:
    """Writes the configuration into the folder of a writer.

    Args:
        summary_writer: A `tf.summary.FileWriter`, or a folder.
        config: Which embeddings there are.

    Raises:
        ValueError: Where the writer has no folder.
    """
    folder = summary_writer.get_logdir() if hasattr(summary_writer, "get_logdir") else summary_writer
    if not folder:
        raise ValueError("Summary writer must have a logdir.")
    os.makedirs(folder, exist_ok=True)
    with replacing(os.path.join(os.fspath(folder), PROJECTOR_FILENAME)) as file:
        file.write(to_text(config).encode())
