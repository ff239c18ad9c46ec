"""Written by tools/make_stubs.py; do not edit."""

from weft.api.ragged import boolean_mask as boolean_mask
from weft.api.ragged import constant as constant
from weft.api.ragged import cross as cross
from weft.api.ragged import cross_hashed as cross_hashed
from weft.api.ragged import map_flat_values as map_flat_values
from weft.api.ragged import range as range
from weft.api.ragged import row_splits_to_segment_ids as row_splits_to_segment_ids
from weft.api.ragged import rows_of_lists as rows_of_lists
from weft.api.ragged import segment_ids_to_row_splits as segment_ids_to_row_splits
from weft.api.ragged import stack as stack
from weft.api.ragged import stack_dynamic_partitions as stack_dynamic_partitions
