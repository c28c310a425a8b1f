"""What the numbers say, in plain sentences that are written from them and from nothing else."""

from benchmark.reporting.reading.brief import short
from benchmark.reporting.reading.leaks import leak
from benchmark.reporting.reading.section import Part, of_section

__all__ = ['Part', 'leak', 'of_section', 'short']
