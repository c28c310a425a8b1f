"""All launchers of this package; importing it registers them."""

from benchmark.launchers import inline, local, ray_cluster, slurm

__all__ = ['inline', 'local', 'ray_cluster', 'slurm']
