"""Written by tools/make_stubs.py; do not edit."""

from weft.compat.v1.summary import all_v2_summary_ops as all_v2_summary_ops
from weft.compat.v1.summary import audio as audio
from weft.compat.v1.summary import histogram as histogram
from weft.compat.v1.summary import image as image
from weft.compat.v1.summary import initialize as initialize
from weft.compat.v1.summary import merge as merge
from weft.compat.v1.summary import merge_all as merge_all
from weft.compat.v1.summary import scalar as scalar
from weft.compat.v1.summary import tensor_summary as tensor_summary
from weft.compat.v1.summary import text as text
from weft.compat.v1.summary_writer import FileWriter as FileWriter
from weft.compat.v1.summary_writer import FileWriterCache as FileWriterCache
from weft.formats.messages.summary import Event as Event
from weft.formats.messages.summary import SessionLog as SessionLog
from weft.formats.messages.summary import Summary as Summary
from weft.formats.messages.summary import Summary as _SummaryDescription
from weft.formats.messages.summary import TaggedRunMetadata as TaggedRunMetadata

SummaryDescription = _SummaryDescription
