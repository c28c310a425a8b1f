"""The DeViSE-style baseline on photographs with a small network: a projection in seconds."""

_base_ = ['./devise.py']

projection = dict(optimizer=dict(_delete_=True, type='Adam', lr=0.003), iterations=1000, batch_size=1024)
deviations = (
    'mobilenetv2: DeepLab on MobileNetV2 with frozen normalisation, trained for minutes on crops of 176 px; '
    'at most 32 pixels per image and class become features',
    'mobilenetv2: Adam at 0.003, 1000 steps of 1024 features, not tuned',
)
