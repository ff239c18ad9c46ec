"""`tf.raw_ops`: none of its functions, so that programs can ask with `hasattr`; `weft.base.absent` says why."""
