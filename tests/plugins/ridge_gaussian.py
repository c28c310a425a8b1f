"""A method in one file: a Gaussian around a ridge regression from class vector to mean feature."""

import torch

from zs_methods.methods import ZS3
from zs_methods.models import FeatureGenerator
from zs_methods.registry import METHODS, MODELS, STAGES
from zs_methods.stages import Stage
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import class_vectors


@MODELS.register_module()
class RidgeGaussian(FeatureGenerator):
    """x = [a; 1] W + L e with e ~ N(0, I): W of shape (vector_dim + 1, d), L of shape (d, d)."""

    def __init__(self, vector_dim, feature_dim):
        super().__init__()
        self.register_buffer('weight', torch.zeros(vector_dim + 1, feature_dim))
        self.register_buffer('spread', torch.zeros(feature_dim, feature_dim))

    def sample(self, vectors, count, stream):
        """Class vectors (classes, vector_dim) -> features (classes, count, d)."""
        mean = torch.cat([vectors, torch.ones_like(vectors[:, :1])], dim=1) @ self.weight
        noise = torch.randn(len(vectors), count, mean.shape[1], generator=stream, device=mean.device)
        return mean[:, None] + noise @ self.spread.T


@STAGES.register_module()
class FitRidge(Stage):
    """Solves for W on the seen class means and takes L from the seen classes' pooled covariance."""

    def __init__(self, strength, vectors):
        self.strength, self.vectors = strength, vectors

    def run(self, ctx):
        bank, vectors = Bank.load(ctx.inputs['features'], ctx.device), class_vectors(ctx, self.vectors)
        seen, index, count = torch.unique(bank.labels, return_inverse=True, return_counts=True)
        means = torch.zeros(len(seen), bank.features.shape[1], device=ctx.device)
        means = means.index_add(0, index, bank.features) / count[:, None]
        inputs = torch.cat([vectors[seen], torch.ones(len(seen), 1, device=ctx.device)], dim=1)
        gram = inputs.T @ inputs + self.strength * torch.eye(inputs.shape[1], device=ctx.device)
        model = FeatureGenerator.build(dict(type='zs_methods.RidgeGaussian'), vectors, means.shape[1])
        model.weight = torch.linalg.solve(gram, inputs.T @ means)
        residual = bank.features - means[index]
        covariance = residual.T @ residual / len(residual) + 1e-4 * torch.eye(means.shape[1], device=ctx.device)
        model.spread = torch.linalg.cholesky(covariance)
        model.save(ctx.out)
        ctx.progress(1, 1)
        return {'seen_classes': len(seen)}


@METHODS.register_module(name='ridge_gaussian')
class RidgeGaussianMethod(ZS3):
    """ZS3Net with its generator replaced; stages `seen` and `features` are shared with every other method."""

    summary = 'example: ridge regression to class means with the seen spread'

    def stages(self):
        fit = self.stage('ridge', 'FitRidge', **self.cfg.ridge, vectors=self.vectors())
        return [*self.start(), self.features(), fit, self.classifier(generator='ridge'), self.evaluate('classifier')]
