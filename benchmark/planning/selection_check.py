"""What the real splits say of the settings that a selection chooses among."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmark.planning.cells import expand, plan_tasks
from benchmark.planning.run_options import RunOptions
from benchmark.planning.selection_plan import SelectionRequest, product
from benchmark.records.files import RecordHead


def real_scores(asked: SelectionRequest, options: RunOptions, method: str, heads: Iterable[RecordHead]
                ) -> list[dict[tuple[str, int], float]]:
    """What records say of every point of the grid on the real splits, all that the data set has by default.

    A record belongs to a point if all its stages have the same settings, whatever options wrote them.

    Returns:
        list: for each point hIoU by split and seed.
    """
    tasks, protocol = plan_tasks(replace(asked.request, ks=None, splits=None))
    measured: dict[str, dict[tuple[str, int], float]] = {}
    for head in heads:
        if head.metrics and head.metrics.hiou is not None:
            measured.setdefault(head.settings, {})[head.cell.split, head.cell.seed] = head.metrics.hiou
    found = []
    for point in product(asked.grid):
        request = replace(asked.request, options={**asked.request.options, **point})
        cells = expand(request, options, [method], tasks, protocol)
        found.append({place: hiou for cell in cells for place, hiou in measured.get(cell.settings, {}).items()})
    return found
