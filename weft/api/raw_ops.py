"""`tf.raw_ops`: none of its functions, so that a program can ask for one with `hasattr`; `weft.base.absent` says why."""
