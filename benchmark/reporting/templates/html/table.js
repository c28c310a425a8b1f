/** A score as a button that opens where it comes from. */
function scoreButton(section, row, text) {
  return button(text, () => openDetail(section, row, 'source'),
    {class: 'plain', title: 'where this number comes from'});
}

function methodButton(section, row) {
  return button(row.method, () => openDetail(section, row, 'classes'), {class: 'plain', title: 'IoU of every class'});
}

/** A column of scores, see `COLUMNS`. */
const scores = (title, key) => [title, (row) => row[key] && row[key].mean,
  (row, section) => row[key] ? scoreButton(section, row, row[key].text) : NONE, 'number'];
/** Columns: title, what to sort by, what is shown (the same by default), class. */
const COLUMNS = [
  ['method', (row) => row.method, (row, section) => methodButton(section, row)],
  ['K', (row, section) => section.units[row.unit], null, 'number'],
  scores('hIoU', 'hiou'), scores('seen', 'seen'), scores('unseen', 'unseen'),
  ['setting', (row) => row.group],
  ['rank', (row) => row.rank, null, 'number'],
  ['lead over the next', (row) => row.ahead, (row) => row.lead],
  ['noise?', (row) => row.verdict, (row) => row.verdict ? verdict(row.verdict) : ''],
  ['cost, s', (row) => row.seconds, (row) => row.cost, 'number'],
  ['n', (row) => row.n, null, 'number'],
  ['data set', (row, section) => section.dataset],
  ['card and network', (row, section) => section.title]];
/** What a reader wants to see the highest of first. */
const DOWN_FIRST = ['hIoU', 'seen', 'unseen', 'lead over the next'];
/** The column sorted by; without one, rows stand by data set, K and rank. */
const sorting = {column: null, down: false};

function drawTable() {
  const place = document.getElementById('table');
  if (!place.firstChild) {
    const heads = COLUMNS.map(([title, , , kind], index) => [
      button(title, () => sortBy(index), {class: 'plain'}), kind]);
    fill(place, {}, [html('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'table of all cells'},
      table('', heads, []))]);
  }
  place.querySelectorAll('thead th').forEach((head, index) => {
    const sorted = index === sorting.column;
    head.setAttribute('aria-sort', sorted ? (sorting.down ? 'descending' : 'ascending') : 'none');
    head.firstChild.textContent = COLUMNS[index][0] + (sorted ? (sorting.down ? ' ↓' : ' ↑') : '');
  });
  const found = sectionsShown().flatMap((section) => inOrder(section.rows).filter((row) => isWanted(row)
    && (!shown.unit || section.units[row.unit] === shown.unit)).map((row) => [row, section]));
  if (sorting.column !== null) found.sort(compareBy(COLUMNS[sorting.column][1], sorting.down));
  redraw(place.querySelector('tbody'), () => found.map(([row, section]) => line(row, section)));
  const all = DATA.sections.reduce((sum, section) => sum + section.rows.length, 0);
  document.getElementById('count').textContent = `${found.length} of ${all} rows`;
}

function line(row, section) {
  const open = (event) => { if (!event.target.closest('button')) openDetail(section, row, 'classes'); };
  return html('tr', {onclick: open}, COLUMNS.map(([, value, content, kind], index) => {
    const shownAs = (content || value)(row, section);
    return index ? cell(kind, shownAs) : rowHead(shownAs);
  }));
}

function sortBy(column) {
  sorting.down = sorting.column === column ? !sorting.down : DOWN_FIRST.includes(COLUMNS[column][0]);
  sorting.column = column;
  drawTable();
}

/** By K, setting and rank; what has no place comes last. */
function inOrder(rows) {
  const key = (row) => [row.unit, row.rank ? 0 : 1, row.rank ? SETTINGS.indexOf(row.group) : 0, row.rank || 0];
  return [...rows].sort((a, b) => key(a).map((value, index) => value - key(b)[index]).find(Boolean) || 0);
}

/** Numbers as numbers; what is not there comes last, whichever way. */
function compareBy(value, down) {
  return (first, second) => {
    const [a, b] = [value(...first), value(...second)];
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
    const order = typeof a === 'number' ? a - b : String(a).localeCompare(String(b), 'en', {numeric: true});
    return down ? -order : order;
  };
}
