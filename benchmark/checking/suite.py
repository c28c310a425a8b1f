"""All checks of some methods: which recipes run on which data, and who is to blame for what differs."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg  # noqa: F401  once here, not in every process that trains
import torch
from mmengine.logging import MMLogger

from benchmark.checking import judge
from benchmark.checking.data import LARGE_K, K, write_roots
from benchmark.checking.forked import Crash, run_forked
from benchmark.checking.model import model_findings
from benchmark.checking.recipes import CheckError, build
from benchmark.checking.running import Fresh, Outcome, run_all, run_alone, run_fresh
from benchmark.checking.same import difference
from benchmark.planning.plan import Cell, Node

#: The checks, in the order of the table's columns.
CHECKS = ('builds', 'trains', 'gradients', 'saves', 'resumes', 'repeats', 'labels', f'K={LARGE_K}', 'odd data', 'empty')


@dataclass
class Report:
    """What became of one method.

    Attributes:
        failures (dict[str, str]): check -> what is wrong, in one line.
        unchecked (set[str]): checks that could not be made because another one failed.
        skip (str): why the method is not run on this task.
    """

    failures: dict[str, str] = field(default_factory=dict)
    unchecked: set[str] = field(default_factory=set)
    skip: str = ''

    def fail(self, check: str, message: str) -> None:
        """Keeps the first failure of every check."""
        if message:
            self.failures.setdefault(check, message)

    def state(self, check: str) -> str:
        """``pass``, ``FAIL``, ``skip`` or ``-``."""
        if check in self.failures:
            return 'FAIL'
        return 'skip' if self.skip else '-' if check in self.unchecked else 'pass'


class Suite:
    """Runs all checks.

    Args:
        folder (Path): empty; for data and artifacts.
        device (torch.device): where to compute.
        workers (int): processes at a time.
        tell (Callable): called with (jobs done, jobs known).
    """

    def __init__(self, folder: Path, device: torch.device, workers: int,
                 tell: Callable[[int, int], None] = lambda done, total: None) -> None:
        self.folder, self.device, self.workers, self.tell = folder, device, workers, tell
        self._done = self._known = 0

    def run(self, names: Sequence[str]) -> dict[str, Report]:
        """Checks the named methods; one that fails takes no other down."""
        MMLogger.get_instance('mmengine', log_level=logging.ERROR)
        gc.freeze()  # data sets collect garbage whenever they are built; what was imported is none
        roots, reports = write_roots(self.folder), {name: Report() for name in names}
        # name -> data, K, seed, settings of `run_all`
        plans: dict[str, tuple[Path, int, int, dict]] = {
            'first': (roots.plain, K, 0, {'watch': True}), 'seed': (roots.plain, K, 1, {}),
            'large': (roots.plain, LARGE_K, 0, {}), 'odd': (roots.odd, K, 0, {}),
            'muted': (roots.plain, K, 0, {'mute': True})}
        cells = {plan: self._build(reports, *settings[:3]) for plan, settings in plans.items()}
        cells = {plan: {name: part[name] for name in names if not reports[name].failures and not reports[name].skip}
                 for plan, part in cells.items()}
        outcomes = self._jobs({
            plan: partial(run_all, list(cells[plan].values()), self.folder / f'run-{plan}', self.device, **settings[3])
            for plan, settings in plans.items() if cells[plan]})
        fresh, models, blamed = self._fresh(cells['first'], outcomes.get('first', {}), roots)
        for name, report in reports.items():
            if name not in cells['first']:
                report.unchecked.update(CHECKS[1:])
                continue
            runs = {plan: judge.Run(cells[plan][name], outcomes[plan], self.folder / f'run-{plan}') for plan in plans}
            self._judge(report, runs, fresh, models.get(name), blamed)
        return reports

    def _build(self, reports: dict[str, Report], root: Path, k: int, seed: int) -> dict[str, Cell]:
        cells = {}
        for name, report in reports.items():
            try:
                cells[name] = build(name, root, k, seed)
                report.skip = report.skip or cells[name].skip or ''
            except CheckError as error:
                report.fail('builds', f'K={k}: {error}')
        return cells

    def _jobs(self, jobs: dict[Any, Callable[[], Any]]) -> dict[Any, Any]:
        self._known += len(jobs)

        def finished() -> None:
            self._done += 1
            self.tell(self._done, self._known)

        return run_forked(jobs, self.workers, finished)

    def _fresh(self, cells: dict[str, Cell], outcomes: dict[str, Outcome] | Crash, roots: Any
               ) -> tuple[dict[str, Fresh], dict[str, list[str] | Crash], dict[str, tuple[str, str]]]:
        """Every finished stage again in a fresh process, every finished model, and who is to blame for differences."""
        if isinstance(outcomes, Crash):
            return {}, {}, {}
        nodes = {node.key: node for cell in cells.values() for node in cell.nodes
                 if node.key in outcomes and not outcomes[node.key].error}
        zero_shot = {node.key for cell in cells.values() if cell.card.role != 'ceiling' for node in cell.nodes}
        artifacts, image = self.folder / 'run-first', roots.plain / 'shapes/img_dir/val/00000.png'
        jobs: dict[Any, Callable[[], Any]] = {
            key: partial(run_fresh, node, artifacts, self.device, roots.relabelled if key in zero_shot else None)
            for key, node in nodes.items()}
        jobs |= {name: partial(model_findings, artifacts / f'evaluate-{cell.key}', image, cell.task, self.device)
                 for name, cell in cells.items() if cell.key in nodes}
        results = self._jobs(jobs)
        fresh = {key: Fresh(error=found.message) if isinstance(found, Crash) else found
                 for key, found in results.items() if key in nodes}
        suspects = {key: nodes[key] for key, found in fresh.items() if found.error or found.differs}
        again = self._jobs({(key, turn): partial(run_alone, node, artifacts, self.device)
                            for key, node in suspects.items() for turn in (1, 2)})
        blamed = {key: blame(node, artifacts, fresh[key], again[key, 1], again[key, 2], self.device)
                  for key, node in suspects.items()}
        return fresh, {name: results[name] for name in cells if name in results}, blamed

    def _judge(self, report: Report, runs: dict[str, judge.Run], fresh: dict[str, Fresh],
               model: list[str] | Crash | None, blamed: dict[str, tuple[str, str]]) -> None:
        first = runs['first']
        for check, plan in ((f'K={LARGE_K}', 'large'), ('odd data', 'odd'), ('empty', 'muted'), ('repeats', 'seed')):
            trouble = runs[plan].trouble()
            if trouble and trouble == first.trouble():  # said once is enough
                report.unchecked.add(check)
            else:
                report.fail(check, trouble)
        report.fail('labels', first.reads_too_much() or runs['large'].reads_too_much())
        report.fail('trains', first.trouble())
        if first.failed():
            report.unchecked.update(CHECKS[2:7])
            return
        nodes = first.cell.nodes
        for node in nodes:
            report.fail('trains', first.at(node, fresh[node.key].not_finite))
            report.fail('saves', first.at(node, fresh[node.key].unreadable))
            for finding in first.outcomes[node.key].findings:
                report.fail('gradients', first.at(node, finding))
            report.fail(*blamed.get(node.key, ('resumes', '')))
        for finding in [model.message] if isinstance(model, Crash) else model or []:
            report.fail('saves', finding)
        if 'saves' not in report.failures:
            report.fail('gradients', first.wrong_network())
        if not runs['seed'].failed():
            report.fail('repeats', first.same_result(runs['seed']))


def blame(node: Node, artifacts: Path, fresh: Fresh, again: Path | Crash, once_more: Path | Crash,
          device: torch.device) -> tuple[str, str]:
    """Why a stage left something else in a fresh process, or failed there.

    Args:
        node (Node): the stage.
        artifacts (Path): where its first artifact is.
        fresh (Fresh): what happened in the fresh process, where labels of unseen pixels were other ones, too.
        again (Path | Crash): its artifact from another fresh process, with the same data.
        once_more (Path | Crash): the same once more.
        device (torch.device): where it was computed.

    Returns:
        tuple: the check that fails, and the message.
    """
    tolerance = 0.0 if device.type == 'cpu' else 1e-3
    resume = f'stage {node.name!r} cannot resume: needs state of an earlier stage that is not on disk'
    for result in (again, once_more):
        if isinstance(result, Crash):
            return 'resumes', f'{resume} ({result.message})'
    where = difference(artifacts / f'{node.name}-{node.key}', again, tolerance)
    if where and difference(again, once_more, tolerance):
        return 'repeats', (f'stage {node.name!r}: seed and inputs are the same, but {where} is not: it draws from a '
                           'source that is not seeded; use ctx.stream')
    if where:
        return 'resumes', f'{resume} (in a fresh process, {where} is another one)'
    what = fresh.error or f'{fresh.differs} is another one'
    return 'labels', (f'stage {node.name!r} reads labels of unseen pixels past the audit: when the unseen classes are '
                      f'exchanged in the masks, {what}')
