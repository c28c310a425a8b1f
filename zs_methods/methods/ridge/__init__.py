"""A baseline in closed form, for every generator to beat."""

from .recipe import Ridge

__all__ = ['Ridge']
