"""What a run of a recipe says about its method."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.checking.forked import Crash
from benchmark.checking.parameters import network_findings
from benchmark.checking.recipes import PROTOCOL
from benchmark.checking.running import Outcome
from benchmark.checking.same import difference, not_finite
from benchmark.planning.plan import Cell, Node
from benchmark.running.label_check import beyond
from zs_methods.protocols import ACCESS


@dataclass
class Run:
    """One recipe on one version of the data.

    Attributes:
        cell (Cell): the recipe.
        outcomes (dict[str, Outcome] | Crash): of its stages and those of other methods, by key.
        folder (Path): of the artifacts.
    """

    cell: Cell
    outcomes: dict[str, Outcome] | Crash
    folder: Path

    @staticmethod
    def at(node: Node, message: str) -> str:
        """A message with the name of its stage; '' if there is none."""
        return f'stage {node.name!r}: {message}' if message else ''

    def artifact(self, node: Node) -> Path:
        """Where a stage's artifact is."""
        return self.folder / f'{node.name}-{node.key}'

    def failed(self) -> bool:
        """Whether a stage is missing or has failed."""
        return isinstance(self.outcomes, Crash) or any(
            node.key not in self.outcomes or self.outcomes[node.key].error for node in self.cell.nodes)

    def trouble(self) -> str:
        """The first stage that failed, or whose summary holds a number that is not finite."""
        if isinstance(self.outcomes, Crash):
            return self.outcomes.message
        for node in self._done():
            outcome = self.outcomes[node.key]
            found = outcome.error or not_finite({'summary': outcome.manifest.get('summary')})
            if found:
                return self.at(node, found)
        return ''

    def reads_too_much(self) -> str:
        """The first stage that read more of unseen labels than is declared or allowed; a ceiling may."""
        if self.cell.card.role == 'ceiling' or isinstance(self.outcomes, Crash):
            return ''
        declared, allowed = self.cell.card.reads_unseen_gt, PROTOCOL.allowed(self.cell.card.setting)
        limit = min(declared, allowed, key=ACCESS.index)
        for node in self._done():
            access = self.outcomes[node.key].manifest.get('label_access', {})
            if level := beyond(node.name, access, limit):
                return (f'stage {node.name!r} reads unseen labels ({level}; declared {declared}, {PROTOCOL.name} '
                        f'allows {allowed}): {_counts(access)}')
        return ''

    def wrong_network(self) -> str:
        """What differs between the evaluated model and the network that its recipe names."""
        last, by_name = self.cell.nodes[-1], {node.name: node for node in self.cell.nodes}
        network = by_name.get(last.config.get('network', 'seen'))
        if network is None or network is last or not (self.artifact(network) / 'model.pth').is_file():
            return ''
        found = network_findings(self.artifact(last), self.artifact(network), bool(last.config.get('classifier')))
        return self.at(last, found[0]) if found else ''

    def same_result(self, other: Run) -> str:
        """Whether another seed gives the same model."""
        mine, others = (run.artifact(run.cell.nodes[-1]) for run in (self, other))
        if difference(mine, others):
            return ''
        return f'seeds {self.cell.id.seed} and {other.cell.id.seed} give the same model and the same scores'

    def _done(self) -> list[Node]:
        return [node for node in self.cell.nodes if node.key in self.outcomes]


def _counts(access: dict[str, Any]) -> str:
    """What a stage was handed out, in words."""
    parts = []
    for subset, counts in access.items():
        most = sorted(counts['unseen_pixels'].items(), key=lambda item: -item[1])
        pixels = [f'{count} pixels of {name!r}' for name, count in most[:3]]
        pixels += [f'of {len(most) - 3} more unseen classes'] if len(most) > 3 else []
        images = [f'{counts[field]} images {field.removeprefix("images_")}' for field in (
            'images_masked', 'images_chosen', 'images_dropped') if counts.get(field)]
        if pixels or images:
            parts.append(f'{counts["images"]} images of subset {subset!r} with their labels, '
                         f'{", ".join([*pixels, *images])}')
    return '; '.join(parts)
