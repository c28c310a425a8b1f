"""What photographs of any size and source share; the stages fill in which images and classes."""

# Masks know nothing of the orientation that a camera notes in a photograph, so it is ignored.
load_image = dict(type='LoadImageFromFile', color_type='color_ignore_orientation')
# Without augmentation, at the original size, with labels: features, and evaluation. A card may put a resize of the
# image in front of the labels of ``eval_pipeline``.
label_pipeline = [load_image, dict(type='zs_methods.LoadLabels'), dict(type='PackSegInputs')]
eval_pipeline = label_pipeline
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
