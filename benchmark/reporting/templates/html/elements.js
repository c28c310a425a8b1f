'use strict';

// Texts of records become text nodes and attributes: nothing on this page is ever written as markup.
const DATA = JSON.parse(document.getElementById('data').textContent);
const NONE = '—';
/** How a lead is marked: the signs of the front page, and a class of the style sheet. */
const MARKS = {
  'beyond noise': ['▲', 'beyond'], 'over images only': ['△', 'images'], 'within noise': ['○', 'within']};

const isMissing = (value) => value === null || value === undefined || value === '';
const distinct = (values) => [...new Set(values)];

/** Gives an element attributes, listeners (`onclick`) and children, lists of them included. */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => !isMissing(child)));
  return element;
}

const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(
  document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** A table; heads are pairs of a title and a class, rows are rows of a table. */
function table(kind, heads, rows) {
  return html('table', {class: kind},
    html('thead', {}, html('tr', {}, heads.map(([title, name]) => html('th', {scope: 'col', class: name}, title)))),
    html('tbody', {}, rows));
}

const rowHead = (...children) => html('th', {scope: 'row'}, children);
const cell = (kind, ...children) => html('td', {class: kind}, children);

function button(label, onclick, attributes) {
  return html('button', {type: 'button', onclick, ...attributes}, label);
}

/** Buttons of which one is pressed; `options` are pairs of a value and a label. */
function choice(name, options, value, chosen) {
  return html('div', {class: 'buttons', role: 'group', 'aria-label': name}, options.map(([key, label]) => button(
    label, () => chosen(key), {'aria-pressed': String(key === value), 'data-key': `${name} ${key}`})));
}

/** Draws anew what a place holds, and leaves the focus on what asked for it. */
function redraw(place, draw) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  place.replaceChildren();
  fill(place, {}, [draw()]);
  const same = key && [...place.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);
  if (same) same.focus();
}

function verdict(text, words) {
  const [mark, kind] = MARKS[text] || ['', ''];
  return html('span', {class: `verdict ${kind}`}, `${mark} ${words || text || NONE}`.trim());
}

/** Where the interval of a score begins and ends, cut at 0 and 100, between which every score lies. */
function interval(score) {
  return [Math.max(score.mean - (score.half || 0), 0), Math.min(score.mean + (score.half || 0), 100)];
}

/** Mean and interval on a scale from 0 to 100, those of another row below in grey. */
function intervalBar(score, other) {
  const one = (found, y, stroke) => {
    const [x1, x2] = interval(found);
    return [svg('line', {x1, x2, y1: y, y2: y, stroke, 'stroke-width': 2}),
      svg('rect', {x: found.mean - 1, y: y - 2.5, width: 2, height: 5, fill: stroke})];
  };
  return svg('svg', {class: 'interval', viewBox: '-1 0 102 14', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
    svg('line', {x1: 0, x2: 100, y1: 13, y2: 13, stroke: 'var(--line)'}),
    other ? one(other, 9.5, 'var(--muted)') : null, one(score, 4, 'var(--accent)'));
}
