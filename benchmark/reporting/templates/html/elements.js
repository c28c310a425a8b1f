'use strict';

// Texts of records become text nodes and attributes: nothing on this page is ever written as markup.
const DATA = JSON.parse(document.getElementById('data').textContent);
const NONE = '—';
/** How a lead is marked, in the words and signs of the front page. */
const MARKS = {'beyond noise': ['▲', 'beyond'], 'over images only': ['△', 'images'], 'within noise': ['○', 'within']};

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

function html(tag, attributes, ...children) {
  return make(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return make(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** A button; `pressed` is given for those that stay down. */
function button(label, onclick, attributes) {
  return html('button', {type: 'button', onclick, ...attributes}, label);
}

/** Buttons of which one is pressed; `options` are pairs of a value and a label. */
function choice(name, options, value, chosen) {
  return html('div', {class: 'buttons', role: 'group', 'aria-label': name}, options.map(([key, label]) => button(
    label, () => chosen(key), {'aria-pressed': String(key === value), 'data-key': `${name} ${key}`})));
}

/** Draws anew what `draw` puts into a place, and leaves the focus on the button that asked for it. */
function redraw(place, draw) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  place.replaceChildren();
  make(place, {}, [draw()]);
  const same = key && [...place.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);
  if (same) same.focus();
}

function verdict(text, words) {
  const [mark, kind] = MARKS[text] || ['', ''];
  return html('span', {class: `verdict ${kind}`}, mark ? `${mark} ${words || text}` : words || text || NONE);
}

/** Mean and interval on a scale from 0 to 100, those of another row below in grey. */
function intervalBar(score, other) {
  const one = (found, y, colour) => found ? [
    svg('line', {x1: Math.max(found.mean - (found.half || 0), 0), x2: Math.min(found.mean + (found.half || 0), 100),
      y1: y, y2: y, stroke: colour, 'stroke-width': 2}),
    svg('rect', {x: found.mean - 1, y: y - 2.5, width: 2, height: 5, fill: colour})] : [];
  return svg('svg', {class: 'interval', viewBox: '-1 0 102 14', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
    svg('line', {x1: 0, x2: 100, y1: 13, y2: 13, stroke: 'var(--line)'}),
    one(other, 9.5, 'var(--muted)'), one(score, 4, 'var(--accent)'));
}
