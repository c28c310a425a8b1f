"""A baseline in closed form, for every generator to beat."""

from .recipe import Ridge
from .solve_ridge import SolveRidge

__all__ = ['Ridge', 'SolveRidge']
