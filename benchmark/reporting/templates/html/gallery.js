const SCALE = 4, IGNORED = 255;
/** What the gallery shows: a section, a line of its examples (an image at a K) and a method. */
const example = {section: null, line: 0, method: ''};

function drawGallery() {
  const place = document.getElementById('gallery');
  const sections = sectionsShown().filter((section) => section.gallery.lines.length);
  if (!sections.includes(example.section)) Object.assign(example, {section: sections[0] || null, line: 0, method: ''});
  if (example.section && shown.unit && example.section.units[current().unit] !== shown.unit) {
    example.line = Math.max(example.section.gallery.lines.findIndex((line) => example.section.units[line.unit] === shown.unit), 0);
  }
  redraw(place, () => example.section ? view(sections) : html('p', {}, 'No record of these keeps an example.'));
}

const current = () => example.section.gallery.lines[example.line];

/** Turns to the first example of a row. */
function showExamples(section, row) {
  Object.assign(example, {section, line: section.gallery.lines.findIndex((line) => line.unit === row.unit), method: row.method});
  redraw(document.getElementById('gallery'), () => view([...new Set([section, ...sectionsShown()])].filter((one) => one.gallery.lines.length)));
  document.getElementById('gallery-title').scrollIntoView();
}

function view(sections) {
  const {section} = example, {lines, images} = section.gallery, line = current();
  const turn = (changes) => { Object.assign(example, changes); redraw(document.getElementById('gallery'), () => view(sections)); };
  const ranked = section.rows.filter((row) => row.unit === line.unit && line.predictions.some(([label]) => label === row.method))
    .sort((a, b) => (b.hiou ? b.hiou.mean : -1) - (a.hiou ? a.hiou.mean : -1));
  if (!ranked.some((row) => row.method === example.method)) example.method = (ranked.find((row) => row.rank) || ranked[0] || {}).method || '';
  const found = line.predictions.find(([label]) => label === example.method);
  const maps = [line.truth, found && found[1]].map((map) => map && decode(map));
  const of_unit = lines.map((one, index) => [index, one]).filter(([, one]) => one.unit === line.unit);
  return [
    sections.length > 1 ? choice('card', sections.map((one, index) => [index, cardOf(one)]), sections.indexOf(section),
      (index) => turn({section: sections[index], line: 0, method: ''})) : null,
    choice('K', distinct(lines.map((one) => one.unit)).map((unit) => [unit, `K=${section.units[unit]}`]), line.unit,
      (unit) => turn({line: lines.findIndex((one) => one.unit === unit)})),
    choice('image', of_unit.map(([index, one]) => [index, `image ${one.name}`]), example.line, (index) => turn({line: index})),
    html('p', {class: 'muted'}, 'Prediction of, with its hIoU at this K:'),
    choice('method', ranked.map((row) => [row.method, `${row.method} ${row.hiou ? row.hiou.mean.toFixed(0) : NONE}`]), example.method,
      (method) => turn({method})),
    html('div', {class: 'panes'},
      pane('Image', images[line.name] ? html('img', {class: 'pane', src: `data:image/jpeg;base64,${images[line.name]}`, alt: `image ${line.name}`})
        : blank(`image ${line.name}`, 'a photograph belongs to its owner and is not shown')),
      pane('Ground truth', maps[0] ? mapCanvas(section, line, maps[0], 'ground truth') : blank('ground truth', 'not in the records')),
      pane(`Prediction of ${example.method}`, maps[1] ? mapCanvas(section, line, maps[1], `prediction of ${example.method}`)
        : blank('prediction', 'not in the record'))),
    legend(section, line, maps)];
}

const pane = (title, content) => html('figure', {}, html('figcaption', {}, title), content);
const blank = (title, why) => html('div', {class: 'blank'}, html('span', {}, html('strong', {}, title), html('br'), why));

/** Width and class ids of a map; its code is base64 of pairs of id and length. */
function decode([width, code]) {
  const pairs = atob(code), ids = [];
  for (let place = 0; place < pairs.length; place += 2) {
    for (let left = pairs.charCodeAt(place + 1); left > 0; left -= 1) ids.push(pairs.charCodeAt(place));
  }
  return {width, height: ids.length / width, ids};
}

/** Draws class ids in their colours, unseen classes with an outline; the class under the pointer is named. */
function mapCanvas(section, line, {width, height, ids}, title) {
  const canvas = html('canvas', {class: 'pane', role: 'img', 'aria-label': title, width: width * SCALE, height: height * SCALE});
  const context = canvas.getContext('2d'), unseen = new Set(section.unseen[line.unit]);
  ids.forEach((id, place) => {
    context.fillStyle = section.gallery.colours[id] || '#ffffff';
    context.fillRect(place % width * SCALE, Math.floor(place / width) * SCALE, SCALE, SCALE);
  });
  const edges = new Path2D();
  const segment = (x, y, dx, dy) => { edges.moveTo(x, y); edges.lineTo(x + dx, y + dy); };
  ids.forEach((id, place) => {
    const [x, y, own] = [place % width, Math.floor(place / width), unseen.has(id)];
    if (x + 1 < width && unseen.has(ids[place + 1]) !== own) segment((x + 1) * SCALE, y * SCALE, 0, SCALE);
    if (y + 1 < height && unseen.has(ids[place + width]) !== own) segment(x * SCALE, (y + 1) * SCALE, SCALE, 0);
  });
  for (const [colour, thickness] of [['#ffffff', 3], ['#000000', 1.3]]) {
    Object.assign(context, {strokeStyle: colour, lineWidth: thickness});
    context.stroke(edges);
  }
  canvas.addEventListener('pointermove', (event) => {
    const id = ids[Math.floor(event.offsetY / canvas.clientHeight * height) * width + Math.floor(event.offsetX / canvas.clientWidth * width)];
    canvas.title = id === IGNORED ? 'ignored' : section.classes[id] || '';
  });
  return canvas;
}

/** Names the classes of the maps, unseen ones first. */
function legend(section, line, maps) {
  const unseen = new Set(section.unseen[line.unit]);
  const present = distinct(maps.flatMap((map) => map ? map.ids : [])).filter((id) => id !== IGNORED && section.classes[id] !== undefined)
    .sort((a, b) => unseen.has(b) - unseen.has(a) || a - b);
  return html('ul', {class: 'legend', 'aria-label': 'classes of the maps'}, present.map((id) => html('li', {class: unseen.has(id) ? 'tag' : null},
    html('i', {style: `background:${section.gallery.colours[id] || '#ffffff'}`}), `${section.classes[id]}${unseen.has(id) ? ' ✱ unseen' : ''}`)));
}
