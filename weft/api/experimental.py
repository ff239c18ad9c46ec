"""`tf.experimental`: what is left out of it says why (`weft.base.absent`)."""
