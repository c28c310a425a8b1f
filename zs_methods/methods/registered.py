"""Registers the stages and losses that single methods have. The methods themselves, as recipes, need none of them."""

from zs_methods.methods.cagnet import train_cagnet
from zs_methods.methods.released import import_network
from zs_methods.methods.ridge import solve_ridge
from zs_methods.methods.self_training import pseudo_label
from zs_methods.methods.spnet import calibrate
from zs_methods.methods.zs3_gc import train_with_graph
from zs_methods.methods.zsmmd import diagnose_feedback, gather_candidates, loss, train_generator, train_online

__all__ = ['calibrate', 'diagnose_feedback', 'gather_candidates', 'import_network', 'loss', 'pseudo_label',
           'solve_ridge', 'train_cagnet', 'train_generator', 'train_online', 'train_with_graph']
