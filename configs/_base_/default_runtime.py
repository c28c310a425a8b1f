"""What every training shares."""

default_scope = 'mmseg'
custom_imports = dict(imports=['zs_methods'], allow_failed_imports=False)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=None)  # the stage keeps checkpoints of its own, from which an interrupted training goes on
custom_hooks = []
env_cfg = dict(cudnn_benchmark=False)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'ERROR'  # the loss curve is in vis_data/scalars.json

#: What of a config the Runner of the ``seen`` stage gets.
runner_keys = ('default_scope', 'model', 'train_dataloader', 'train_pipeline', 'test_pipeline', 'train_cfg',
               'optim_wrapper', 'param_scheduler', 'default_hooks', 'custom_hooks', 'env_cfg', 'visualizer',
               'log_processor', 'log_level')
