"""Pascal-Context as published by ZS3Net: as VOC, with batch 10; the classifier takes 20 epochs of 625 batches."""

_base_ = './r101.py'

model = dict(decode_head=dict(num_classes=60))
train_dataloader = dict(batch_size=10)
features = dict(per_class=16)  # images hold more classes than VOC's
classifier = dict(iterations=12_500)
