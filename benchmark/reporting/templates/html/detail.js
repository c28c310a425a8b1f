const VIEWS = [['classes', 'IoU of every class'], ['source', 'Where the number comes from']];

/** Opens what is behind a row; `beside` is the method whose IoU stand beside its own. */
function openDetail(section, row, view) {
  const dialog = document.getElementById('detail');
  const others = section.rows.filter((other) => other.unit === row.unit && other !== row && other.iou.some((value) => value !== null));
  const state = {view, beside: others.find((other) => other.group === 'ceiling') || others[0]};
  const draw = () => redraw(dialog, () => [
    html('header', {}, html('h2', {id: 'detail-title', style: 'margin-top:0'}, `${row.method} at K=${section.units[row.unit]}`),
      button('Close', () => dialog.close(), {'data-key': 'close'})),
    html('p', {class: 'muted'}, `${section.dataset}, ${section.title}; ${row.group}. ${row.about}`),
    html('p', {}, ['hiou', 'seen', 'unseen'].map((key) => `${{hiou: 'hIoU'}[key] || key} ${row[key] ? row[key].text : NONE}`).join(' · '),
      ` · ${row.cost} s · n = ${row.n}`),
    row.lead ? html('p', {}, `Ahead ${row.lead}: `, verdict(row.verdict)) : null,
    row.missing ? html('p', {class: 'note'}, row.missing) : null,
    html('div', {class: 'buttons'}, choice('view', VIEWS, state.view, (chosen) => { state.view = chosen; draw(); }),
      section.gallery.lines.some((line) => line.unit === row.unit && line.predictions.some(([label]) => label === row.method))
        ? html('div', {class: 'buttons'}, button('Its examples', () => { dialog.close(); showExamples(section, row); })) : null),
    state.view === 'classes' ? classes(section, row, state, others, draw) : source(row)]);
  draw();
  if (!dialog.open) dialog.showModal();
}

function classes(section, row, state, others, draw) {
  const unseen = new Set(section.unseen[row.unit]);
  const order = section.classes.map((_, index) => index).sort((a, b) => unseen.has(b) - unseen.has(a));
  const field = html('select', {'data-key': 'beside', onchange: () => { state.beside = others[Number(field.value)]; draw(); }},
    others.map((other, index) => html('option', {value: index, selected: other === state.beside}, `${other.method} (${other.group})`)));
  const text = (value) => value === null || value === undefined ? NONE : value.toFixed(1);
  return html('div', {class: 'inside'}, others.length ? html('p', {}, html('label', {}, 'Beside it, as a grey line: ', field)) : null,
    html('table', {class: 'classes'}, html('thead', {}, html('tr', {}, ['class', '', 'IoU', '', state.beside ? state.beside.method : '']
      .map((name, index) => html('th', {scope: 'col', class: ['', '', 'number', '', 'number beside'][index]}, name)))),
    html('tbody', {}, order.map((index) => {
      const own = row.iou[index], other = state.beside ? state.beside.iou[index] : null, colour = unseen.has(index) ? 'var(--unseen)' : 'var(--accent)';
      return html('tr', {}, html('th', {scope: 'row'}, section.classes[index]),
        html('td', {class: 'tag'}, unseen.has(index) ? '✱ unseen' : ''), html('td', {class: 'number'}, text(own)),
        html('td', {class: 'wide'}, svg('svg', {viewBox: '0 0 100 14', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
          svg('rect', {width: 100, height: 14, fill: 'var(--raised)'}),
          own === null ? null : svg('rect', {y: 2, width: own, height: 10, fill: colour}),
          other === null ? null : svg('rect', {x: other - 0.4, width: 0.8, height: 14, fill: 'var(--muted)'}))),
        html('td', {class: 'number beside'}, state.beside ? text(other) : ''));
    }))));
}

/** Every seed, and what made its record. */
function source(row) {
  const used = distinct(row.cells.map((cell) => cell.source));
  const pairs = (list) => html('dl', {}, list.map(([name, text]) => [html('dt', {}, name), html('dd', {}, text)]));
  return html('div', {class: 'source'}, html('div', {class: 'inside'}, html('table', {}, html('thead', {}, html('tr', {},
    ['seed', 'hIoU', 'seen', 'unseen', 'cost, s', 'record', used.length > 1 ? 'made by' : ''].filter(Boolean)
      .map((name) => html('th', {scope: 'col'}, name)))),
  html('tbody', {}, row.cells.map((cell) => html('tr', {}, html('th', {scope: 'row'}, String(cell.seed)),
    cell.why ? html('td', {colspan: 4}, cell.why)
      : [cell.hiou, cell.seen, cell.unseen, cell.seconds].map((value) => html('td', {class: 'number'}, value)),
    html('td', {}, html('code', {}, cell.key)), used.length > 1 ? html('td', {}, String(used.indexOf(cell.source) + 1)) : null))))),
  used.map((place, index) => [used.length > 1 ? html('h3', {}, `Made by ${index + 1}`) : html('h3', {}, 'Made by'), pairs(DATA.sources[place])]));
}
