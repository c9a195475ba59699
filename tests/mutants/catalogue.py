"""
Every deliberate bug.

Each was written by somebody once, here or elsewhere; its story says why it looked right.
"""

from typing import Final

from tests.mutants.mutant import Mutant
from tests.mutants.of_dials import OF_DIALS
from tests.mutants.of_links import OF_LINKS
from tests.mutants.of_records import OF_RECORDS
from tests.mutants.of_rows import OF_ROWS

MUTANTS: Final[tuple[Mutant, ...]] = (
    *OF_LINKS,
    *OF_DIALS,
    *OF_RECORDS,
    *OF_ROWS,
)
