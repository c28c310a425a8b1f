"""A baseline in closed form, for every generator to beat."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='ridge')
class Ridge(Method):
    """Ridge regression from class vectors to class means, and a linear discriminant with them.

    1. DeepLab on the seen classes; x in R^d is the input of its last 1x1 convolution.
    2. m_u = B a_u + b for unseen classes, where B and b fit the means of seen features by ridge regression.
    3. score_c(x) = m_c^T Sigma^-1 x - m_c^T Sigma^-1 m_c / 2 + log p_c, with the covariance within seen classes and
       their shares of pixels; unseen classes have the median share. See `SolveRidge`.

    It uses exactly what a generator is trained on, pixel features of seen classes and class vectors, without a
    generator, noise, or a step of an optimiser: the sober baseline.
    """

    summary = 'ridge regression from word vectors to feature means, linear discriminant: closed form, no generator'
    source = 'none: a baseline of this benchmark, from textbook parts'
    compared_with = ('zs3',)

    def stages(self) -> list[StageSpec]:
        """Solve, evaluate."""
        solve = self.stage('ridge', 'SolveRidge', vectors=self.vectors(), **self.cfg.ridge)
        return [*self.start(), self.features(), solve, self.evaluate('ridge')]
