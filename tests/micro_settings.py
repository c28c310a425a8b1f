"""How a run of seconds is asked for."""

#: Settings that turn the configs of `shapes` into a run of seconds; as --cfg-options take them.
MICRO = {
    'train_cfg.max_iters': 2, 'train_dataloader.batch_size': 4, 'generator.iterations': 3, 'generator.samples': 8,
    'classifier.iterations': 3, 'classifier.batch_size': 64, 'features.per_class': 8, 'recursion.iterations': 3,
    'projection.iterations': 3, 'projection.batch_size': 64, 'calibration.folds': 2,
    'joint.iterations': 3, 'joint.batch_size': 4, 'joint.generator.samples': 8,
    'self_training.student.train_cfg.max_iters': 2,
    'joem.changes.train_cfg.max_iters': 2, 'joem.changes.train_dataloader.batch_size': 4,
    'cagnet.changes.train_cfg.max_iters': 2, 'cagnet.changes.train_dataloader.batch_size': 4,
    'cagnet.changes.model.decode_head.runs': 16,
    'cagnet.step2.iterations': 4, 'cagnet.step2.period': 2, 'cagnet.step2.pixels': 64, 'cagnet.step2.batch_size': 64,
    'recursion.online.iterations': 3, 'recursion.online.queue': 64, 'recursion.online.min_count': 1,
    'recursion.samples': 8, 'recursion.rounds': 1, 'recursion.loss.min_count': 1, 'recursion.judge.unseen_weight': 30,
}
