"""The graph of ZS3Net-GC: the code's constants (valeoai/ZS3 6031f4a)."""

graph = dict(
    # code 'auxiliary': a node generator and a node loss beside the generator, which still makes all dense features;
    # paper 'paper': the generator's layers are graph convolutions, one feature for all pixels of a component
    variant='auxiliary',
    # of the node loss; not divided by the batch size, so 8 times that against the dense loss
    weight=0.1)
