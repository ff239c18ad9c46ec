"""What TensorBoard's page of embeddings reads: which tensors it shows, and what it knows of their rows."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage, RepeatedScalar
from weft.formats.fields import message, repeated, repeated_message, scalar
from weft.formats.message import Message


class SpriteMetadata(Message, proto="tensorboard.projector.SpriteMetadata"):
    """An image of many small ones, one for each row."""

    image_path: str = scalar(1, "string")
    single_image_dim: RepeatedScalar[int] = repeated(2, "uint32")


class EmbeddingInfo(Message, proto="tensorboard.projector.EmbeddingInfo"):
    """A tensor whose rows are points."""

    tensor_name: str = scalar(1, "string")
    metadata_path: str = scalar(2, "string")
    bookmarks_path: str = scalar(3, "string")
    tensor_shape: RepeatedScalar[int] = repeated(4, "uint32")
    sprite: SpriteMetadata = message(5, "tensorboard.projector.SpriteMetadata")
    tensor_path: str = scalar(6, "string")


class ProjectorConfig(Message, proto="tensorboard.projector.ProjectorConfig"):
    """The tensors, and where their values are."""

    model_checkpoint_path: str = scalar(1, "string")
    embeddings: RepeatedMessage[EmbeddingInfo] = repeated_message(2, "tensorboard.projector.EmbeddingInfo")
    model_checkpoint_dir: str = scalar(3, "string")
