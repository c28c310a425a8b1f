const ANSWERS = [['K'], ['best'], ['hIoU', 'number'], ['0 … 100, the next in grey'], ['ahead of the next'],
  ['is it noise?'], ['cost, s', 'number']];

/** Who is best at every K, by how much, whether that is noise, and at which cost. */
function drawAnswers() {
  redraw(document.getElementById('answers'), () => DATA.sections.length
    ? sectionsShown().map((section) => html('section', {},
      html('h2', {}, `${section.main ? section.dataset : cardOf(section)}: who is best`),
      section.notes.map((note) => html('p', {class: 'note'}, `${note}.`)),
      html('p', {class: 'muted'}, `${section.about}. `, html('a', {href: section.page}, 'All of it as Markdown'), '.'),
      section.boards.filter((board) => !shown.group || shown.group === board.setting)
        .map((board) => answerCard(section, board))))
    : html('p', {}, 'No cell was run yet.'));
}

function answerCard(section, board) {
  const lines = board.lines.filter((line) => !shown.unit || section.units[line.unit] === shown.unit);
  const title = `${board.setting[0].toUpperCase()}${board.setting.slice(1)} methods: `;
  return html('div', {class: 'card'}, html('h3', {}, title, html('span', {class: 'headline'}, `${board.headline}.`)),
    table('answers', ANSWERS, lines.map((line) => answer(section, board, line))));
}

function answer(section, board, line) {
  const rows = section.rows.filter((row) => row.unit === line.unit && row.group === board.setting);
  const [first, second] = [1, 2].map((rank) => rows.find((row) => row.rank === rank));
  return html('tr', {}, rowHead(`K=${line.K}`),
    cell('best', button(line.best, () => openDetail(section, first, 'classes'), {class: 'plain'})),
    cell('number', scoreButton(section, first, line.hIoU)),
    cell('drawn', intervalBar(first.hiou, second && second.hiou)),
    cell('ahead', line['ahead of the next']), cell('verdict', verdict(line.verdict, line['is it noise?'])),
    cell('number cost', line['cost, s']));
}
