const COLOURS = 7, SHOWN_AT_FIRST = 4;
const MARKERS = ['M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z', 'M-3.6-3.6h7.2v7.2h-7.2Z', 'M0-4.6L4.6 3.6H-4.6Z', 'M0-5L5 0 0 5-5 0Z',
  'M0 4.6L4.6-3.6H-4.6Z', 'M-1.4-4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3Z'];
/** Section, setting and method -> whether its line stands out; the best few do before anybody chooses. */
const standing = new Map();

function drawCurves() {
  const panels = sectionsShown().flatMap((section) => distinct(section.rows.map((row) => row.setting)).sort()
    .map((setting) => [section, setting, linesOf(section, setting)]).filter(([, , lines]) => lines.some((line) => !line.bound)));
  document.getElementById('curves').replaceChildren(panels.length
    ? html('div', {class: 'columns'}, panels.map(([section, setting, lines]) => curvePanel(section, setting, lines)))
    : html('p', {}, 'No method has what the filters ask for.'));
  for (const panel of document.querySelectorAll('.curves')) panel.draw();
}

/** Methods of a setting, best mean over K first, and the bounds: label, points, and whether its line stands out. */
function linesOf(section, setting) {
  const board = section.boards.find((one) => one.setting === setting);
  const order = board ? board.order : [];
  const bounds = section.rows.filter((row) => ['floor', 'ceiling'].includes(row.group));
  const own = section.rows.filter((row) => row.setting === setting && !bounds.includes(row) && isWanted(row));
  const labels = distinct(own.map((row) => row.method)).sort((a, b) => (order.indexOf(a) + 1 || 999) - (order.indexOf(b) + 1 || 999));
  return [...labels, ...distinct(bounds.map((row) => row.method))].map((method, index) => {
    const rows = [...own, ...bounds].filter((row) => row.method === method && row.hiou);
    const key = `${cardOf(section)} ${setting} ${method}`, bound = index >= labels.length;
    const place = order.includes(method) ? order.indexOf(method) : index;
    return {method, key, bound, rows, place, out: !bound && (standing.has(key) ? standing.get(key) : index < SHOWN_AT_FIRST)};
  }).filter((line) => line.rows.length);
}

function look(line) {
  return line.bound ? {colour: 'var(--muted)', marker: ''}
    : {colour: line.out ? `var(--c${line.place % COLOURS})` : 'var(--faint)', marker: MARKERS[line.place % MARKERS.length]};
}

function curvePanel(section, setting, lines) {
  const plot = html('div', {}), keys = html('div', {class: 'buttons', role: 'group', 'aria-label': `lines of ${setting} methods`});
  const panel = html('div', {class: 'card curves'}, html('h3', {}, `${section.dataset}: ${setting} methods`),
    shown.card === MAIN ? null : html('p', {class: 'muted'}, section.title), plot, keys);
  panel.draw = () => {
    plot.replaceChildren(curve(section, lines, Math.max(plot.clientWidth, 240), `hIoU of ${setting} methods against K, ${section.dataset}`));
    redraw(keys, () => lines.filter((line) => !line.bound).map((line) => {
      const {colour, marker} = look(line);
      return button([svg('svg', {class: 'swatch', viewBox: '-12 -6 24 12', 'aria-hidden': 'true'},
        svg('path', {d: 'M-12 0H12', stroke: colour, 'stroke-width': 2}), svg('path', {d: marker, fill: colour})), line.method],
      () => { line.out = !line.out; standing.set(line.key, line.out); panel.draw(); },
      {'aria-pressed': String(line.out), 'data-key': line.key});
    }));
  };
  return panel;
}

function curve(section, lines, width, title) {
  const height = 280, left = 30, right = Math.min(100, width * 0.26), top = 10, bottom = 30;
  const labels = section.units, numeric = labels.every((label) => /^\d+$/.test(label));
  const xs = labels.map((label, index) => numeric ? Number(label) : index), low = Math.min(...xs), span = Math.max(...xs) - low || 1;
  const x = (unit) => left + 16 + (xs[unit] - low) / span * (width - left - right - 32);
  const y = (value) => top + (100 - value) / 100 * (height - top - bottom);
  const out = lines.filter((line) => line.out);
  const grid = [0, 20, 40, 60, 80, 100].map((value) => [
    svg('line', {class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value)}),
    svg('text', {x: left - 5, y: y(value) + 4, 'text-anchor': 'end'}, String(value))]);
  const ticks = labels.map((label, unit) => [
    label === shown.unit ? svg('rect', {class: 'chosen', x: x(unit) - 14, width: 28, y: top, height: height - top - bottom}) : null,
    svg('text', {x: x(unit), y: height - 12, 'text-anchor': 'middle'}, `${unit ? '' : 'K='}${label}`)]);
  const order = [...lines.filter((line) => !line.out && !line.bound), ...lines.filter((line) => line.bound), ...out];
  return svg('svg', {class: 'plot', viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': title}, grid, ticks,
    order.map((line) => drawn(line, x, y, out.length > 1 && line.out ? (out.indexOf(line) - (out.length - 1) / 2) * 6 : 0)),
    names(lines.filter((line) => line.out || line.bound), y, width - right + 4, top, height - bottom));
}

/** A line with its points and, if it stands out, intervals; `shift` keeps those of several apart. */
function drawn(line, x, y, shift) {
  const {colour, marker} = look(line), points = [...line.rows].sort((a, b) => a.unit - b.unit);
  const at = (row) => [x(row.unit) + shift, y(row.hiou.mean)];
  return svg('g', {stroke: colour}, svg('title', {}, line.method),
    svg('path', {d: points.map((row, index) => `${index ? 'L' : 'M'}${at(row).map((one) => one.toFixed(1)).join(' ')}`).join(''),
      'stroke-width': line.out ? 2 : 1.2, 'stroke-dasharray': line.bound ? '5 4' : null}),
    line.out ? points.map((row) => {
      const [cx, cy] = at(row), half = row.hiou.half || 0;
      const [upper, lower] = [y(Math.min(row.hiou.mean + half, 100)), y(Math.max(row.hiou.mean - half, 0))];
      return [svg('path', {d: `M${cx} ${upper}V${lower}M${cx - 3} ${upper}h6M${cx - 3} ${lower}h6`, 'stroke-width': 1.2, opacity: 0.75}),
        svg('path', {d: marker, transform: `translate(${cx} ${cy})`, style: `fill:${colour}`, stroke: 'none'},
          svg('title', {}, `${line.method}: ${row.hiou.text}`))];
    }) : []);
}

/** Names at the right ends of lines, moved apart where they would meet. */
function names(lines, y, x, top, bottom) {
  const ends = lines.map((line) => ({line, y: y(line.rows.reduce((last, row) => row.unit > last.unit ? row : last).hiou.mean)}))
    .sort((a, b) => a.y - b.y);
  ends.forEach((end, index) => { if (index) end.y = Math.max(end.y, ends[index - 1].y + 12); });
  for (let index = ends.length - 1, limit = bottom + 4; index >= 0; index -= 1, limit -= 12) ends[index].y = Math.min(ends[index].y, limit);
  return ends.map(({line, y: height}) => svg('text', {x, y: height + 4, style: `fill:${look(line).colour}`},
    line.method.length > 15 ? `${line.method.slice(0, 14)}…` : line.method));
}
