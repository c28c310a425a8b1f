const VIEWS = [['classes', 'IoU of every class'], ['source', 'Where the number comes from']];

/** Opens what is behind a row. */
function openDetail(section, row, view) {
  const dialog = document.getElementById('detail'), state = {view, beside: null};
  const others = section.rows.filter((one) => one.unit === row.unit && one !== row && !one.iou.every(isMissing));
  state.beside = others.find((other) => other.group === 'ceiling') || others[0];
  const draw = () => redraw(dialog, () => [
    html('header', {}, html('h2', {id: 'detail-title'}, `${row.method} at K=${section.units[row.unit]}`),
      button('Close', () => dialog.close(), {'data-key': 'close'})),
    html('p', {class: 'muted'}, `${section.dataset}, ${section.title}; ${row.group}. ${row.about}`),
    html('p', {}, `${scoreText('hIoU', row.hiou)} · ${scoreText('seen', row.seen)} · `,
      `${scoreText('unseen', row.unseen)} · ${row.cost} s · n = ${row.n}`),
    row.lead ? html('p', {}, `Ahead ${row.lead}: `, verdict(row.verdict)) : null,
    row.missing ? html('p', {class: 'note'}, row.missing) : null,
    choice('view', VIEWS, state.view, (chosen) => { state.view = chosen; draw(); }),
    hasExamples(section, row) ? html('p', {}, button('Its examples', () => {
      dialog.close();
      showExamples(section, row);
    })) : null,
    state.view === 'classes' ? classView(section, row, state, others, draw) : sourceView(row)]);
  draw();
  if (!dialog.open) dialog.showModal();
}

const scoreText = (name, score) => `${name} ${score ? score.text : NONE}`;

/** IoU of every class, unseen ones first, and that of another method of the same K as a grey line. */
function classView(section, row, state, others, draw) {
  const unseen = new Set(section.unseen[row.unit]), {beside} = state;
  const order = section.classes.map((_, index) => index).sort((a, b) => unseen.has(b) - unseen.has(a));
  const turn = (event) => { state.beside = others[event.target.selectedIndex]; draw(); };
  const text = (value) => isMissing(value) ? NONE : value.toFixed(1);
  const field = html('select', {'data-key': 'beside', onchange: turn}, others.map((other) => html(
    'option', {selected: other === beside}, `${other.method} (${other.group})`)));
  const heads = [['class'], [''], ['IoU', 'number'], [''], [beside ? beside.method : '', 'number beside']];
  return html('div', {class: 'inside'},
    others.length ? html('p', {}, html('label', {}, 'Beside it, as a grey line: ', field)) : null,
    table('classes', heads, order.map((index) => {
      const own = row.iou[index], other = beside ? beside.iou[index] : null, isUnseen = unseen.has(index);
      return html('tr', {}, rowHead(section.classes[index]), cell('tag', isUnseen ? '✱ unseen' : ''),
        cell('number', text(own)), cell('wide', classBar(own, other, isUnseen)),
        cell('number beside', beside ? text(other) : ''));
    })));
}

function classBar(own, other, isUnseen) {
  const fillOf = (colour) => ({style: `fill:var(--${colour})`});
  return svg('svg', {viewBox: '0 0 100 14', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
    svg('rect', {width: 100, height: 14, ...fillOf('raised')}),
    isMissing(own) ? null : svg('rect', {y: 2, width: own, height: 10, ...fillOf(isUnseen ? 'unseen' : 'accent')}),
    isMissing(other) ? null : svg('rect', {x: other - 0.4, width: 0.8, height: 14, ...fillOf('muted')}));
}

/** Every seed, and what made its record. */
function sourceView(row) {
  const used = distinct(row.cells.map((one) => one.source)), several = used.length > 1;
  const heads = [['seed'], ...['hIoU', 'seen', 'unseen', 'cost, s'].map((name) => [name, 'number']), ['record']];
  const lines = row.cells.map((one) => html('tr', {}, rowHead(String(one.seed)),
    one.why ? html('td', {colspan: 4}, one.why)
      : [one.hiou, one.seen, one.unseen, one.seconds].map((value) => cell('number', value)),
    cell('', html('code', {}, one.key)), several ? cell('', String(used.indexOf(one.source) + 1)) : null));
  return html('div', {class: 'source'},
    html('div', {class: 'inside'}, table('', several ? [...heads, ['made by']] : heads, lines)),
    used.map((place, index) => [html('h3', {}, several ? `Made by ${index + 1}` : 'Made by'), html('dl', {},
      DATA.sources[place].map(([name, text]) => [html('dt', {}, name), html('dd', {}, text)]))]));
}
