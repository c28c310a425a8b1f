"""Broken on purpose: opens the masks itself, so that no count tells what it reads."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage


@STAGES.register_module()
class OpenMasks(Stage):
    def run(self, ctx):
        count = torch.zeros(256)
        for mask in sorted(Path(ctx.task.data_root, 'ann_dir', 'train').glob('*.png')):
            count += torch.from_numpy(np.bincount(np.asarray(Image.open(mask)).reshape(-1), minlength=256))
        torch.save({'prior': count}, ctx.out / 'prior.pth')
        return {}


@METHODS.register_module(name='past_the_audit')
class PastTheAudit(Method):
    summary = 'broken: reads masks behind the back of the audit'

    def stages(self):
        return [*self.start(), self.stage('prior', 'OpenMasks'), self.evaluate()]
