"""Self-training on the embedded benchmark: half the iterations of the seen step, at two thirds of its highest rate.

Chosen on held-out seen classes of K=10, which are unseen at no K. There hIoU is 34 for the teacher, and for the student
56 with p = 75 or 100 at rate 2e-3, 58 with either at 4e-3. With an earlier teacher of 27: 48 with p = 75, 39 with 25, 1
without pseudo-labels, and 23 where predictions of seen classes become labels too (rest='seen').
"""

_base_ = ['./self_training.py']

self_training = dict(p=75, student=dict(
    epochs=None, train_cfg=dict(max_iters=160), optim_wrapper=dict(optimizer=dict(lr=4e-3)),
    param_scheduler=[dict(type='PolyLR', power=0.9, eta_min=0.0, end=None, by_epoch=False)]))
