/** Small helpers over the DOM. Text goes in as text: nothing here parses HTML. */

/** The element that index.html declares under this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element as T;
}

/** A new element with classes and children. */
export function make(tag: string, classes: string, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  if (classes !== '') element.className = classes;
  element.append(...children);
  return element;
}

/** Longest text of a cell. */
const CELL_MOST = 48;

/** Columns of a table: heading, classes of its cells, text of a row. */
export type Column<Row> = readonly [heading: string, classes: string, text: (row: Row) => string];

/** A cell; a text too long for a table is cut, and whole in its title. */
function cell(classes: string, text: string): HTMLElement {
  if (text.length <= CELL_MOST) return make('td', classes, text);
  const element = make('td', classes, `${text.slice(0, CELL_MOST)}…`);
  element.title = text;
  return element;
}

/** Fill a table; `faulty` rows are marked. */
export function fill<Row>(
  table: HTMLElement,
  columns: readonly Column<Row>[],
  rows: Row[],
  faulty: (row: Row) => boolean,
): void {
  const head = make('tr', '', ...columns.map(([heading, classes]) => make('th', classes, heading)));
  const body = rows.map((row) => {
    const cells = columns.map(([, classes, text]) => cell(classes, text(row)));
    return make('tr', faulty(row) ? 'fault' : '', ...cells);
  });
  table.replaceChildren(make('thead', '', head), make('tbody', '', ...body));
}

/** Fill a list of terms. */
export function describe(list: HTMLElement, pairs: readonly (readonly [string, string])[]): void {
  list.replaceChildren(...pairs.flatMap(([term, text]) => [make('dt', '', term), make('dd', '', text)]));
}
