const COLOURS = 7, OUT_AT_FIRST = 4, HEIGHT = 280, TOP = 10, BOTTOM = 30, LEFT = 30;
const MARKERS = ['M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z', 'M-3.6-3.6h7.2v7.2h-7.2Z', 'M0-4.6L4.6 3.6H-4.6Z',
  'M0-5L5 0 0 5-5 0Z', 'M0 4.6L4.6-3.6H-4.6Z', 'M-1.4-4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3Z'];
/** Section, setting and method -> whether its line stands out; the best few do before anybody chooses. */
const chosenLines = new Map();

function drawCurves() {
  const panels = sectionsShown().flatMap((section) => distinct(section.rows.map((row) => row.setting)).sort()
    .map((setting) => curvePanel(section, setting))).filter(Boolean);
  redraw(document.getElementById('curves'), () => panels.length ? html('div', {class: 'columns'}, panels)
    : html('p', {}, 'No method has what the filters ask for.'));
  panels.forEach((panel) => panel.draw());
}

/** Methods of a setting, best mean over K first, then the bounds; each with its points. */
function linesOf(section, setting) {
  const board = section.boards.find((one) => one.setting === setting), order = board ? board.order : [];
  const rank = (method) => order.includes(method) ? order.indexOf(method) : order.length;
  const bounds = section.rows.filter((row) => ['floor', 'ceiling'].includes(row.group));
  const own = section.rows.filter((row) => row.setting === setting && !bounds.includes(row) && isWanted(row));
  const lines = (rows, bound) => distinct(rows.map((row) => row.method)).map((method) => ({
    method, bound, points: rows.filter((row) => row.method === method && row.hiou).sort((a, b) => a.unit - b.unit)}))
    .filter((line) => line.points.length);
  const found = lines(own, false).sort((a, b) => rank(a.method) - rank(b.method));
  found.forEach((line, index) => {
    line.key = `${cardOf(section)} ${setting} ${line.method}`;
    line.out = chosenLines.has(line.key) ? chosenLines.get(line.key) : index < OUT_AT_FIRST;
    // A method keeps its colour and marker whatever else is filtered.
    line.place = order.includes(line.method) ? rank(line.method) : order.length + index;
  });
  return found.length ? [...found, ...lines(bounds, true)] : [];
}

function look(line) {
  const colour = line.bound ? 'var(--muted)' : line.out ? `var(--c${line.place % COLOURS})` : 'var(--faint)';
  return {colour, marker: line.bound ? '' : MARKERS[line.place % MARKERS.length]};
}

/** A panel that is drawn once it has a width; null without a method. */
function curvePanel(section, setting) {
  const lines = linesOf(section, setting), title = `${section.dataset}: ${setting} methods`;
  if (!lines.length) return null;
  const plot = html('div', {}), keys = html('div', {class: 'buttons', role: 'group', 'aria-label': `lines, ${title}`});
  const panel = html('div', {class: 'card curves'}, html('h3', {}, title),
    shown.card === MAIN ? null : html('p', {class: 'muted'}, section.title), plot, keys);
  const turn = (line) => {
    line.out = !line.out;
    chosenLines.set(line.key, line.out);
    panel.draw();
  };
  panel.draw = () => {
    redraw(plot, () => curve(section, lines, Math.max(plot.clientWidth, 240), `hIoU against K, ${title}`));
    redraw(keys, () => lines.filter((line) => !line.bound).map((line) => button([swatch(line), line.method],
      () => turn(line), {'aria-pressed': String(line.out), 'data-key': line.key})));
  };
  return panel;
}

function swatch(line) {
  const {colour, marker} = look(line);
  return svg('svg', {class: 'swatch', viewBox: '-12 -6 24 12', 'aria-hidden': 'true'},
    svg('path', {d: 'M-12 0H12', stroke: colour, 'stroke-width': 2}),
    svg('path', {d: marker, style: `fill:${colour}`}));
}

function curve(section, lines, width, title) {
  const right = width - Math.min(100, width * 0.26), labels = section.units;
  const numeric = labels.every((label) => /^\d+$/.test(label));
  const places = labels.map((label, index) => numeric ? Number(label) : index);
  const low = Math.min(...places), span = Math.max(...places) - low || 1;
  const x = (unit) => LEFT + 16 + (places[unit] - low) / span * (right - LEFT - 32);
  const y = (value) => TOP + (100 - value) / 100 * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 20, 40, 60, 80, 100].map((value) => [
    svg('line', {class: 'grid', x1: LEFT, x2: right, y1: y(value), y2: y(value)}),
    svg('text', {x: LEFT - 5, y: y(value) + 4, 'text-anchor': 'end'}, String(value))]);
  const ticks = labels.map((label, unit) => [
    label === shown.unit
      ? svg('rect', {class: 'chosen', x: x(unit) - 14, width: 28, y: TOP, height: y(0) - TOP}) : null,
    svg('text', {x: x(unit), y: HEIGHT - 12, 'text-anchor': 'middle'}, `${unit ? '' : 'K='}${label}`)]);
  const out = lines.filter((line) => line.out), back = lines.filter((line) => !line.out);
  // Side by side, so that intervals do not hide each other.
  const shift = (line) => (out.indexOf(line) - (out.length - 1) / 2) * 6;
  const size = {viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT};
  return svg('svg', {class: 'plot', ...size, role: 'img', 'aria-label': title},
    grid, ticks, back.map((line) => path(line, x, y, 0)),
    out.map((line) => [path(line, x, y, shift(line)), points(line, x, y, shift(line))]),
    ends(lines.filter((line) => line.out || line.bound), y, right + 4));
}

function path(line, x, y, shift) {
  const corners = line.points.map((row) => `${(x(row.unit) + shift).toFixed(1)} ${y(row.hiou.mean).toFixed(1)}`);
  return svg('path', {d: `M${corners.join('L')}`, stroke: look(line).colour, 'stroke-width': line.out ? 2 : 1.2,
    'stroke-dasharray': line.bound ? '5 4' : null}, svg('title', {}, line.method));
}

/** Means and intervals of a line. */
function points(line, x, y, shift) {
  const {colour, marker} = look(line);
  return line.points.map((row) => {
    const at = x(row.unit) + shift, [low, high] = interval(row.hiou).map(y);
    const bar = `M${at} ${high}V${low}M${at - 3} ${high}h6M${at - 3} ${low}h6`;
    return [svg('path', {d: bar, stroke: colour, opacity: 0.75}),
      svg('path', {d: marker, transform: `translate(${at} ${y(row.hiou.mean)})`, style: `fill:${colour}`},
        svg('title', {}, `${line.method}: ${row.hiou.text}`))];
  });
}

/** Names at the right ends of lines, moved apart where they would meet. */
function ends(lines, y, x) {
  const found = lines.map((line) => ({line, at: y(line.points[line.points.length - 1].hiou.mean)}))
    .sort((a, b) => a.at - b.at);
  found.forEach((end, index) => { if (index) end.at = Math.max(end.at, found[index - 1].at + 12); });
  found.reverse().forEach((end, index) => { end.at = Math.min(end.at, y(0) + 4 - 12 * index); });
  return found.map(({line, at}) => svg('text', {x, y: at + 4, style: `fill:${look(line).colour}`},
    line.method.length > 15 ? `${line.method.slice(0, 14)}…` : line.method));
}
