const MAIN = 'main', ALL = '';
/** What is shown; '' shows all. */
const shown = {dataset: ALL, card: MAIN, unit: ALL, group: ALL, text: '', variants: false};

const cardOf = (section) => `${section.dataset}: ${section.title}`;
const distinct = (values) => [...new Set(values)];

/** The sections of the chosen data set and card; of all data sets their main ones by default. */
function sectionsShown() {
  return DATA.sections.filter((section) => (!shown.dataset || section.dataset === shown.dataset)
    && (shown.card === MAIN ? section.main : !shown.card || cardOf(section) === shown.card));
}

/** Whether a row has what was asked for, but for its K. */
function isWanted(row) {
  const words = shown.text.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${row.method} ${row.group} ${row.about}`.toLowerCase();
  const bound = !['inductive', 'transductive'].includes(row.group);
  return (shown.variants || !row.variant) && words.every((word) => text.includes(word))
    && (!shown.group || (shown.group === 'others' ? bound : row.group === shown.group));
}

function select(label, key, options, changed) {
  const field = html('select', {id: `filter-${key}`, onchange: () => { shown[key] = field.value; changed(); }},
    options.map(([value, text]) => html('option', {value, selected: value === shown[key]}, text)));
  return html('label', {}, label, field);
}

/** Fills the form; `changed` draws everything else anew. */
function drawFilters(changed) {
  const form = document.getElementById('filters');
  const datasets = distinct(DATA.sections.map((section) => section.dataset));
  const units = distinct(DATA.sections.flatMap((section) => section.units));
  const groups = distinct(DATA.sections.flatMap((section) => section.rows.map((row) => row.group)));
  const settings = groups.filter((group) => ['inductive', 'transductive'].includes(group)).sort();
  const text = html('input', {id: 'filter-text', type: 'search', placeholder: 'zs3, self-training …', size: 16,
    oninput: () => { shown.text = text.value; changed(); }});
  const tick = html('input', {id: 'filter-variants', type: 'checkbox',
    onchange: () => { shown.variants = tick.checked; changed(); }});
  const reset = () => {
    Object.assign(shown, {dataset: ALL, card: MAIN, unit: ALL, group: ALL, text: '', variants: false});
    drawFilters(changed);
    changed();
    document.getElementById('reset').focus();
  };
  form.onsubmit = (event) => event.preventDefault();
  form.replaceChildren();
  make(form, {}, [
    select('Data set', 'dataset', [[ALL, 'all'], ...datasets.map((name) => [name, name])], changed),
    select('Card and network', 'card', [[MAIN, 'the main one of each data set'], [ALL, 'all'],
      ...DATA.sections.map((section) => [cardOf(section), cardOf(section)])], changed),
    select('K', 'unit', [[ALL, 'all'], ...units.map((name) => [name, name])], changed),
    select('Setting', 'group', [[ALL, 'all'], ...settings.map((name) => [name, name]),
      ['others', 'floor, ceiling, controls']], changed),
    html('label', {}, 'Method or words', text),
    DATA.sections.some((section) => section.rows.some((row) => row.variant))
      ? html('label', {class: 'tick'}, tick, 'variants too') : null,
    button('Reset', reset, {id: 'reset'}), html('span', {id: 'count', class: 'muted', role: 'status'})]);
}
