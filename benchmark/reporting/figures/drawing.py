"""What all figures share: safe text, and files that are the same whenever they are drawn."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from benchmark.reporting.tables.markup import visible
from benchmark.reporting.tables.rows import Section
from benchmark.stats import Summary

DPI = 110
#: Inches of the widest figure: 990 pixels.
MAX_WIDTH = 9
MAX_BYTES = 150_000
#: How the bounds are drawn, by role.
ROLE_STYLE = {'floor': {'color': '0.6', 'linestyle': '--', 'marker': '.'},
              'ceiling': {'color': 'black', 'linestyle': '--', 'marker': '.'}}


def text(name: str, limit: int = 40) -> str:
    """Makes a name safe for a figure: one line, no formulas, and no leading underscore, which hides a legend entry."""
    line = visible(name)
    line = line if len(line) <= limit else f'{line[:limit - 1]}…'
    return line.replace('$', r'\$') if not line.startswith('_') else f' {line}'.replace('$', r'\$')


def heading(section: Section, what: str) -> str:
    """Title of a figure: the data set, what is shown, card and network."""
    return text(f'{section.records[0].cell.dataset}: {what} ({section.protocol}, network {section.model})', 110)


def clipped(summary: Summary) -> tuple[float, float]:
    """How far an interval reaches below and above its mean, cut at 0 and 100, which no score passes."""
    half = summary.half_width or 0.0
    return min(half, max(summary.mean, 0.0)), min(half, max(100 - summary.mean, 0.0))


def save(figure: Figure, path: Path) -> Path:
    """Writes a PNG without metadata, with 256 colours if it would be too big otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format='png', dpi=DPI, metadata={'Software': None})
    if buffer.tell() > MAX_BYTES:
        image, buffer = Image.open(buffer).convert('RGB'), BytesIO()
        image.quantize(256, dither=Image.Dither.NONE).save(buffer, format='PNG', optimize=True)
    path.write_bytes(buffer.getvalue())
    return path
