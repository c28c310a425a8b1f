"""SPNet on photographs with a small network: a projection in seconds."""

_base_ = ['./spnet.py']

projection = dict(optimizer=dict(_delete_=True, type='Adam', lr=0.003), iterations=1000, batch_size=1024)
deviations = (
    'small: the small network in the heading, trained for minutes on small crops (321 px in the code); at most 32 '
    'pixels per image and class become features',
    'small: Adam at 0.003, 1000 steps of 1024 features (SGD, 20,000 steps of 10 crops), not tuned',
)
