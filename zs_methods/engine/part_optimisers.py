"""Optimisers of their own for parts of a network, which learn from the same backward pass as the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper, OptimWrapperDict
from mmseg.registry import OPTIMIZERS
from torch import Tensor, nn

from zs_methods.registry import OPTIM_WRAPPER_CONSTRUCTORS

#: Name of what is no part, for schedules.
REST = 'network'


class JointOptimWrapper(OptimWrapperDict):
    """One backward pass, then a step of every optimiser; the loss scale of mixed precision is that of the first.

    mmengine's own dict of wrappers leaves open which of them a loss is for.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The first wrapper's context, such as autocast."""
        with self[REST].optim_context(model):
            yield

    def update_params(self, loss: Tensor, step_kwargs: dict | None = None, zero_kwargs: dict | None = None) -> None:
        """Takes one step with all of them; called by mmengine with a scalar."""
        first, *others = self.values()
        first.backward(loss)
        scaler = getattr(first, 'loss_scaler', None)
        for other in others:
            if scaler:
                scaler.step(other.optimizer)
            else:
                other.step()
        first.step(**(step_kwargs or {}))  # the last one, since it changes the loss scale
        self.zero_grad(**(zero_kwargs or {}))


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PartsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, less the modules that ``paramwise_cfg.parts`` gives to other optimisers.

    ``parts`` maps the name of a module, wherever it is, to the config of an optimiser. A schedule is then a dict too,
    from ``network`` and the names of the parts to lists; an empty list keeps the rate constant::

        optim_wrapper = dict(
            constructor='zs_methods.PartsConstructor', optimizer=dict(type='SGD', lr=2.5e-4),
            paramwise_cfg=dict(parts=dict(semantic_encoder=dict(type='Adam', lr=2e-4))))
        param_scheduler = dict(network=[dict(type='PolyLR', ...)], semantic_encoder=[])

    Raises:
        ValueError: no module has the name of a part.
    """

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '',
                   is_dcn_module: int | float | None = None) -> None:
        """Called by mmengine for every module; a part is passed over."""
        if prefix.split('.')[-1] not in self.paramwise_cfg['parts']:
            super().add_params(params, module, prefix, is_dcn_module)

    def __call__(self, model: nn.Module) -> JointOptimWrapper:
        """The wrapper of the whole network."""
        wrappers = {REST: super().__call__(model)}
        modules = {name.split('.')[-1]: module for name, module in model.named_modules()}
        for name, config in self.paramwise_cfg['parts'].items():
            if name not in modules:
                raise ValueError(f'paramwise_cfg.parts: the network has no module {name!r}')
            wrappers[name] = OptimWrapper(OPTIMIZERS.build({**config, 'params': list(modules[name].parameters())}))
        return JointOptimWrapper(**wrappers)
