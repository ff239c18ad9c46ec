"""Wire formats, once for everybody: protobuf, TFRecord, event files, checkpoint tables."""
