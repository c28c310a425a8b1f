"""The registries that mmseg knows nothing of; what only asks for methods need not wait for mmseg and PyTorch."""

from __future__ import annotations

from mmengine.registry import Registry

# units of resumable work
STAGES = Registry('stage', scope='zs_methods', locations=['zs_methods.stages', 'zs_methods.methods.registered'])
# recipes: ordered lists of stages
METHODS = Registry('method', scope='zs_methods', locations=['zs_methods.methods'])
