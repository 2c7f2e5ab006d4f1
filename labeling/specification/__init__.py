"""A project's input and output fields: are they well defined, and does a value fit them.

Pure: plain dictionaries as they come out of JSON go in, a list of failures comes out.
"""

from labeling.specification.definition import check_definition
from labeling.specification.failures import Failure, Side
from labeling.specification.values import check_values

__all__ = ["Failure", "Side", "check_definition", "check_values"]
