/** Columns: title, value to sort by, what is shown, whether it is a number. */
const COLUMNS = [
  ['method', (row) => row.method, (row, section) => button(row.method, () => openDetail(section, row, 'classes'),
    {class: 'plain', title: 'IoU of every class'})],
  ['K', (row, section) => section.units[row.unit], (row, section) => section.units[row.unit], true],
  ...[['hIoU', 'hiou'], ['seen', 'seen'], ['unseen', 'unseen']].map(([title, key]) => [
    title, (row) => row[key] && row[key].mean, (row, section) => row[key] ? button(row[key].text,
      () => openDetail(section, row, 'source'), {class: 'plain', title: 'where this number comes from'}) : NONE, true]),
  ['setting', (row) => row.group, (row) => row.group],
  ['rank', (row) => row.rank, (row) => row.rank || '', true],
  ['lead over the next', (row) => row.ahead, (row) => row.lead],
  ['noise?', (row) => row.verdict, (row) => row.verdict ? verdict(row.verdict) : ''],
  ['cost, s', (row) => row.seconds, (row) => row.cost, true],
  ['n', (row) => row.n, (row) => row.n, true],
  ['data set', (row, section) => section.dataset, (row, section) => section.dataset],
  ['card and network', (row, section) => section.title, (row, section) => section.title]];
/** The column sorted by; without one, rows stand by data set, K and rank. */
const sorting = {column: null, down: false};

function drawTable() {
  const place = document.getElementById('table');
  if (!place.firstChild) {
    place.append(html('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'table of all cells'}, html('table', {},
      html('thead', {}, html('tr', {}, COLUMNS.map(([title, , , numeric], index) => html('th', {scope: 'col',
        class: numeric ? 'number' : null}, button(title, () => sortBy(index), {class: 'plain'}))))), html('tbody', {}))));
  }
  place.querySelectorAll('thead th').forEach((head, index) => {
    const sorted = index === sorting.column;
    head.setAttribute('aria-sort', sorted ? (sorting.down ? 'descending' : 'ascending') : 'none');
    head.firstChild.textContent = COLUMNS[index][0] + (sorted ? (sorting.down ? ' ↓' : ' ↑') : '');
  });
  const all = DATA.sections.flatMap((section) => section.rows);
  const found = sectionsShown().flatMap((section) => inOrder(section.rows).filter((row) => isWanted(row)
    && (!shown.unit || section.units[row.unit] === shown.unit)).map((row) => [row, section]));
  if (sorting.column !== null) found.sort(compareBy(COLUMNS[sorting.column][1], sorting.down));
  place.querySelector('tbody').replaceChildren(...found.map(([row, section]) => html('tr', {
    onclick: (event) => { if (!event.target.closest('button')) openDetail(section, row, 'classes'); }},
  COLUMNS.map(([, , cell, numeric], index) => html(index ? 'td' : 'th', {scope: index ? null : 'row', class: numeric ? 'number' : null},
    cell(row, section))))));
  document.getElementById('count').textContent = `${found.length} of ${all.length} rows`;
}

function sortBy(column) {
  sorting.down = sorting.column === column ? !sorting.down : Boolean(COLUMNS[column][3]) && COLUMNS[column][0] !== 'K'
    && COLUMNS[column][0] !== 'rank';
  sorting.column = column;
  drawTable();
}

/** By K, setting and rank; what has no place comes last. */
function inOrder(rows) {
  return [...rows].sort((a, b) => a.unit - b.unit || (a.rank ? 0 : 1) - (b.rank ? 0 : 1)
    || (a.rank && a.group !== b.group ? (a.group < b.group ? -1 : 1) : 0) || (a.rank || 0) - (b.rank || 0));
}

/** Numbers as numbers; what is not there comes last, whichever way. */
function compareBy(value, down) {
  const empty = (one) => one === null || one === undefined || one === '';
  return (first, second) => {
    const [a, b] = [value(...first), value(...second)];
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    const order = typeof a === 'number' ? a - b : String(a).localeCompare(String(b), 'en', {numeric: true});
    return down ? -order : order;
  };
}
