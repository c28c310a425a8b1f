const SCALE = 4, IGNORED = 255, WHITE = '#ffffff';
/** What the gallery shows: a section, a line of its examples (an image at a K) and a method. */
const example = {section: null, line: 0, method: ''};

const linesIn = (section) => section.gallery.lines;
const predicts = (line, row) => line.unit === row.unit && line.predictions.some(([label]) => label === row.method);
const hasExamples = (section, row) => linesIn(section).some((line) => predicts(line, row));

function drawGallery() {
  const sections = sectionsShown().filter((section) => linesIn(section).length);
  if (!sections.includes(example.section)) Object.assign(example, {section: sections[0], line: 0, method: ''});
  const {section} = example, unitOf = (line) => section.units[line.unit];
  if (section && shown.unit && unitOf(linesIn(section)[example.line]) !== shown.unit) {
    example.line = Math.max(linesIn(section).findIndex((line) => unitOf(line) === shown.unit), 0);
  }
  turnGallery({}, sections);
}

/** Turns to the first example of a row. */
function showExamples(section, row) {
  const sections = distinct([section, ...sectionsShown()]).filter((one) => linesIn(one).length);
  turnGallery({section, line: linesIn(section).findIndex((line) => predicts(line, row)), method: row.method}, sections);
  document.getElementById('gallery-title').scrollIntoView();
}

function turnGallery(changes, sections) {
  Object.assign(example, changes);
  redraw(document.getElementById('gallery'), () => example.section ? galleryView(sections)
    : html('p', {}, 'No record of these keeps an example.'));
}

function galleryView(sections) {
  const {section} = example, lines = linesIn(section), line = lines[example.line];
  const turn = (changes) => turnGallery(changes, sections), hiou = (row) => row.hiou ? row.hiou.mean : -1;
  const rows = section.rows.filter((row) => predicts(line, row)).sort((a, b) => hiou(b) - hiou(a));
  if (!rows.some((row) => row.method === example.method)) {
    example.method = (rows.find((row) => row.rank) || rows[0] || {method: ''}).method;
  }
  const units = distinct(lines.map((one) => one.unit)).map((unit) => [unit, `K=${section.units[unit]}`]);
  const images = lines.map((one, index) => [index, `image ${one.name}`])
    .filter(([index]) => lines[index].unit === line.unit);
  return [
    sections.length > 1 ? choice('card', sections.map((one, index) => [index, cardOf(one)]), sections.indexOf(section),
      (index) => turn({section: sections[index], line: 0, method: ''})) : null,
    choice('K', units, line.unit, (unit) => turn({line: lines.findIndex((one) => one.unit === unit)})),
    choice('image', images, example.line, (index) => turn({line: index})),
    html('p', {class: 'muted'}, 'Prediction of, with its hIoU at this K:'),
    choice('method', rows.map((row) => [row.method, `${row.method} ${row.hiou ? row.hiou.mean.toFixed(0) : NONE}`]),
      example.method, (method) => turn({method})),
    panes(section, line)];
}

/** Image, ground truth and the prediction of the chosen method side by side, and what the colours mean. */
function panes(section, line) {
  const image = section.gallery.images[line.name], title = `Prediction of ${example.method}`;
  const found = line.predictions.find(([label]) => label === example.method);
  const maps = [line.truth, found && found[1]].map((map) => map && decode(map));
  const drawn = (map, name) => map ? mapCanvas(section, line, map, name) : blank(name, 'not in the records');
  const pane = (name, content) => html('figure', {}, html('figcaption', {}, name), content);
  return [html('div', {class: 'panes'},
    pane('Image', image
      ? html('img', {class: 'pane', src: `data:image/jpeg;base64,${image}`, alt: `image ${line.name}`})
      : blank(`image ${line.name}`, 'a photograph is its owner’s and not shown')),
    pane('Ground truth', drawn(maps[0], 'Ground truth')), pane(title, drawn(maps[1], title))),
  legend(section, line, maps), html('p', {class: 'muted'}, 'Unseen classes are outlined, ignored pixels are white.')];
}

function blank(title, why) {
  return html('div', {class: 'blank'}, html('span', {}, html('strong', {}, title), html('br', {}), why));
}

/** Width, height and class ids of a map; its code is base64 of pairs of id and length. */
function decode([width, code]) {
  const pairs = atob(code), ids = [];
  for (let place = 0; place < pairs.length; place += 2) {
    for (let left = pairs.charCodeAt(place + 1); left > 0; left -= 1) ids.push(pairs.charCodeAt(place));
  }
  return {width, height: ids.length / width, ids};
}

/** Draws class ids in their colours; the class under the pointer is named. */
function mapCanvas(section, line, {width, height, ids}, title) {
  const canvas = html('canvas', {
    class: 'pane', role: 'img', 'aria-label': title, width: width * SCALE, height: height * SCALE});
  const context = canvas.getContext('2d');
  ids.forEach((id, place) => {
    context.fillStyle = section.gallery.colours[id] || WHITE;
    context.fillRect(place % width * SCALE, Math.floor(place / width) * SCALE, SCALE, SCALE);
  });
  const outline = outlineOf(ids, width, height, new Set(section.unseen[line.unit]));
  for (const [strokeStyle, lineWidth] of [[WHITE, 3], ['#000000', 1.3]]) {
    Object.assign(context, {strokeStyle, lineWidth});
    context.stroke(outline);
  }
  canvas.addEventListener('pointermove', ({offsetX, offsetY}) => {
    const column = Math.floor(offsetX / canvas.clientWidth * width);
    const row = Math.floor(offsetY / canvas.clientHeight * height);
    const id = ids[row * width + column];
    canvas.title = id === IGNORED ? 'ignored' : section.classes[id] || '';
  });
  return canvas;
}

/** The border between unseen classes and all else. */
function outlineOf(ids, width, height, unseen) {
  const border = new Path2D();
  ids.forEach((id, place) => {
    const x = place % width, y = Math.floor(place / width), own = unseen.has(id);
    if (x + 1 < width && unseen.has(ids[place + 1]) !== own) {
      border.moveTo((x + 1) * SCALE, y * SCALE);
      border.lineTo((x + 1) * SCALE, (y + 1) * SCALE);
    }
    if (y + 1 < height && unseen.has(ids[place + width]) !== own) {
      border.moveTo(x * SCALE, (y + 1) * SCALE);
      border.lineTo((x + 1) * SCALE, (y + 1) * SCALE);
    }
  });
  return border;
}

/** Names the classes of the maps, unseen ones first. */
function legend(section, line, maps) {
  const unseen = new Set(section.unseen[line.unit]);
  const ids = distinct(maps.flatMap((map) => map ? map.ids : [])).filter((id) => section.classes[id] !== undefined)
    .sort((a, b) => unseen.has(b) - unseen.has(a) || a - b);
  const colour = (id) => section.gallery.colours[id] || WHITE;
  return html('ul', {class: 'legend', 'aria-label': 'classes of the maps'}, ids.map((id) => html(
    'li', {class: unseen.has(id) ? 'tag' : null}, html('i', {style: `background:${colour(id)}`}),
    `${section.classes[id]}${unseen.has(id) ? ' ✱ unseen' : ''}`)));
}
