"""The shared DeepLab of ``shapes`` and the defaults of the stages around it."""

_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py', '../_base_/datasets/shapes.py', '../_base_/schedules/shapes.py',
    '../_base_/default_runtime.py'
]

#: What of this file the Runner of the ``seen`` stage gets.
runner_keys = ('default_scope', 'model', 'train_dataloader', 'train_pipeline', 'test_pipeline', 'train_cfg',
               'optim_wrapper', 'param_scheduler', 'default_hooks', 'visualizer', 'log_processor', 'log_level')
seen = dict(channels_last=True)
features = dict(per_class=32, batch_size=16)
evaluation = dict(batch_size=16, examples=4)
vectors = dict(normalise='max')
# Retraining the last convolution; used by every method that does so, the oracle included.
classifier = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4), iterations=300, batch_size=1024,
    unseen_samples=32, unseen_weight=1, initial='seen')
