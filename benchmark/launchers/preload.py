"""Everything a job imports. Nothing here may compute: threads of torch or OpenMP do not survive a fork."""

import warnings

warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg')

import mmseg.models  # noqa: E402, F401
import torch.optim  # noqa: E402, F401

import benchmark.running.cell  # noqa: E402, F401
import zs_methods.methods  # noqa: E402
import zs_methods.methods.registered  # noqa: E402
import zs_methods.stages  # noqa: E402, F401
from benchmark.records.provenance import loaded_code  # noqa: E402

loaded_code()  # what records name is the code that was loaded here, whatever becomes of its files
