const HEADS = [['K'], ['best'], ['hIoU', 'number'], ['0 … 100, the next in grey'], ['ahead of the next'], ['is it noise?'],
  ['cost, s', 'number']];

/** Who is best at every K, by how much, whether that is noise, and at which cost. */
function drawAnswers() {
  const place = document.getElementById('answers');
  place.replaceChildren(...sectionsShown().map((section) => html('section', {},
    html('h2', {}, `${section.dataset}: who is best`),
    section.notes.map((note) => html('p', {class: 'note'}, `${note}.`)),
    html('p', {class: 'muted'}, `${section.about}. `, html('a', {href: section.page}, 'All of it as Markdown'), '.'),
    section.boards.filter((board) => !shown.group || shown.group === board.setting).map((board) => answerCard(section, board)))));
}

function answerCard(section, board) {
  const lines = board.lines.filter((line) => !shown.unit || section.units[line.unit] === shown.unit);
  const title = `${board.setting[0].toUpperCase()}${board.setting.slice(1)} methods`;
  return html('div', {class: 'card'}, html('h3', {}, `${title}: `, html('span', {class: 'headline'}, `${board.headline}.`)),
    html('table', {class: 'answers'}, html('thead', {}, html('tr', {}, HEADS.map(([name, kind]) => html('th', {scope: 'col', class: kind}, name)))),
    html('tbody', {}, lines.map((line) => {
      const rows = section.rows.filter((row) => row.unit === line.unit && row.group === board.setting && row.rank);
      const [first, second] = [1, 2].map((rank) => rows.find((row) => row.rank === rank));
      return html('tr', {}, html('th', {scope: 'row'}, `K=${line.K}`),
        html('td', {class: 'best'}, button(line.best, () => openDetail(section, first, 'classes'), {class: 'plain'})),
        html('td', {class: 'number'}, button(line.hIoU, () => openDetail(section, first, 'source'),
          {class: 'plain', title: 'where this number comes from'})),
        html('td', {class: 'drawn'}, intervalBar(first.hiou, second && second.hiou)),
        html('td', {class: 'ahead'}, line['ahead of the next']),
        html('td', {class: 'verdict'}, verdict(line.verdict, line['is it noise?'])),
        html('td', {class: 'number cost'}, line['cost, s']));
    }))));
}
