"""JoEm with the constants of its code for Pascal-Context (cvlab-yonsei/JoEm 06ee1fc)."""

_base_ = ['./joem.py']

joem = dict(
    epochs=200,
    changes=dict(
        model=dict(decode_head=dict(loss_sc=dict(temperature=7.0, loss_weight=0.01))),
        optim_wrapper=dict(optimizer=dict(weight_decay=5e-4))))
