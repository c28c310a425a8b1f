const MAIN = 'main', ALL = '';
const DEFAULTS = {dataset: ALL, card: MAIN, unit: ALL, group: ALL, text: '', variants: false};
const SETTINGS = ['inductive', 'transductive'];
/** What is shown; '' shows all. */
const shown = {...DEFAULTS};

const cardOf = (section) => `${section.dataset}: ${section.title}`;

/** The sections of the chosen data set and card; of all data sets their main ones by default. */
function sectionsShown() {
  return DATA.sections.filter((section) => (!shown.dataset || section.dataset === shown.dataset)
    && (shown.card === MAIN ? section.main : !shown.card || cardOf(section) === shown.card));
}

/** Whether a row has what was asked for, but for its K. */
function isWanted(row) {
  const words = shown.text.toLowerCase().split(/\s+/).filter(Boolean);
  return (shown.variants || !row.variant) && words.every((word) => says(row, word))
    && (!shown.group || (shown.group === 'others' ? !SETTINGS.includes(row.group) : row.group === shown.group));
}

/** Whether a word is in the name of a method, or, if it is in no name at all, in what the method says of itself. */
function says(row, word) {
  const names = DATA.sections.flatMap((section) => section.rows).some((one) => one.method.toLowerCase().includes(word));
  return (names ? row.method : `${row.group} ${row.about}`).toLowerCase().includes(word);
}

/** Fills the form; `changed` draws everything else anew. */
function drawFilters(changed) {
  const select = (label, key, options) => {
    const field = html('select', {id: `filter-${key}`, onchange: () => { shown[key] = field.value; changed(); }},
      options.map(([value, text]) => html('option', {value, selected: value === shown[key]}, text)));
    return html('label', {}, label, field);
  };
  const named = (values) => [[ALL, 'all'], ...distinct(values).map((value) => [value, value])];
  const rows = DATA.sections.flatMap((section) => section.rows), cards = DATA.sections.map(cardOf);
  const text = html('input', {id: 'filter-text', type: 'search', placeholder: 'name, or a word', size: 16,
    oninput: () => { shown.text = text.value; changed(); }});
  const tick = html('input', {id: 'filter-variants', type: 'checkbox',
    onchange: () => { shown.variants = tick.checked; changed(); }});
  const reset = () => {
    Object.assign(shown, DEFAULTS);
    drawFilters(changed);
    changed();
    document.getElementById('reset').focus();
  };
  const form = document.getElementById('filters');
  form.onsubmit = (event) => event.preventDefault();
  redraw(form, () => [
    select('Data set', 'dataset', named(DATA.sections.map((section) => section.dataset))),
    select('Card and network', 'card', [[MAIN, 'the main one of each data set'], ...named(cards)]),
    select('K', 'unit', named(DATA.sections.flatMap((section) => section.units))),
    select('Setting', 'group', [...named(SETTINGS.filter((setting) => rows.some((row) => row.group === setting))),
      ['others', 'floor, ceiling, controls']]),
    html('label', {}, 'Method', text),
    rows.some((row) => row.variant) ? html('label', {class: 'tick'}, tick, 'variants too') : null,
    button('Reset', reset, {id: 'reset'}), html('span', {id: 'count', class: 'muted', role: 'status'})]);
}
