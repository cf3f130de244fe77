// The table of queues: kept, not rebuilt, each round; sorted, filtered, and opened by pointer and by keys.
const kSamples = 60;  // of a row's small line
const kHold = 4000;   // ms for which the order stays after somebody touched the table

/** One queue's row and, when it is open, its detail. */
class Row {
  constructor(name, table) {
    this.name = name;
    this.rates = [];
    this.seen = false;  // is it on the screen?
    this.detail = null;
    this.button = el('button', {type: 'button', tabindex: -1, 'aria-expanded': 'false'}, el('bdi', {}, name));
    this.state = el('span', {class: 'state'});
    this.path = svg('path');
    this.cells = kColumns.map((column) => {
      const cell = el(column.key === 'name' ? 'th' : 'td', {role: column.key === 'name' ? 'rowheader' : 'cell',
        class: column.number ? 'number' : '', 'data-column': column.key, 'data-title': column.title});
      if (column.key === 'name') cell.append(this.button);
      const text = column.key === 'state' ? this.state : document.createTextNode('');
      if (column.key === 'rate') {
        cell.append(svg('svg', {class: 'spark', viewBox: '0 0 59 14', preserveAspectRatio: 'none',
          'aria-hidden': 'true'}, this.path));
      }
      const more = column.more ? el('small') : null;
      if (column.key !== 'name') cell.append(text);
      if (more) cell.append(' ', more);
      return {column, cell, text, more};
    });
    this.root = el('tr', {class: 'queue', role: 'row'}, ...this.cells.map(({cell}) => cell));
    this.button.title = name;
    this.button.addEventListener('focus', () => table.enter(this));
    this.root.addEventListener('click', (event) => {
      if (getSelection().isCollapsed || this.button.contains(event.target)) table.toggle(this);
    });
  }

  update(data) {
    this.data = data;
    this.rates.push(data.rate);
    if (this.rates.length > kSamples) this.rates.shift();
    setClass(this.root, `queue ${data.worst.level}`);
    setClass(this.state, stateClass(data.worst));
    for (const part of this.cells) {
      const {column, cell, text, more} = part;
      if (!column.text) continue;
      const shown = column.text(data);
      const moreShown = more ? column.more(data) : '';
      if (shown === part.shown && moreShown === part.moreShown) continue;
      part.shown = shown;
      part.moreShown = moreShown;
      setText(text, shown);
      if (more) setText(more, moreShown);
      if (column.number) setClass(cell, shown === kUnknown ? 'number none' : 'number');
    }
    this.drawRates();
    this.detail?.update(data);
  }

  drawRates() {
    if (!this.seen) return;
    const most = Math.max(...this.rates);
    let path = '';
    if (most > 0) {
      const first = kSamples - this.rates.length;
      this.rates.forEach((rate, k) => {
        path += `${k === 0 ? 'M' : 'L'}${first + k} ${(13 - 12 * (rate ?? 0) / most).toFixed(1)}`;
      });
    }
    setAttribute(this.path, 'd', path);
  }
}

class Table {
  constructor(shm, eventsOf) {
    this.shm = shm;
    this.eventsOf = eventsOf;
    this.rows = new Map();  // by name
    this.shown = [];        // in their order
    this.column = kColumns.find((column) => column.key === 'state');
    this.down = true;
    this.words = [];
    this.entered = null;    // the one row that Tab leads to
    this.body = byId('rows');
    this.visible = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const row = this.rows.get(target.name);
        if (!row) continue;
        row.seen = isIntersecting;
        row.drawRates();
      }
    });
    this.makeTitles();
    // Nothing moves under a hand at work; what has to be seen at once is in the banner.
    this.touched = -Infinity;
    for (const kind of ['pointermove', 'keydown', 'focusin']) {
      this.body.addEventListener(kind, () => { this.touched = performance.now(); }, {passive: true});
    }
    this.body.addEventListener('keydown', (event) => this.onKey(event));
  }

  makeTitles() {
    this.titles = kColumns.map((column) => {
      const button = el('button', {type: 'button'}, column.title);
      button.addEventListener('click', () =>
        this.sortBy(column, this.column === column ? !this.down : Boolean(column.down)));
      const title = el('th', {role: 'columnheader', scope: 'col', class: column.number ? 'number' : '',
        'data-column': column.key}, button);
      byId('titles').append(title);
      byId('sorting').append(el('option', {value: column.key}, column.title));
      return title;
    });
    for (const [name, columns] of [['--columns', kColumns], ['--fewer', kColumns.filter(({extra}) => !extra)]]) {
      byId('queues').style.setProperty(name, columns.map(({width}) => width).join(' '));
    }
    byId('sorting').addEventListener('change', ({target}) => {
      const column = kColumns.find(({key}) => key === target.value);
      this.sortBy(column, Boolean(column.down));
    });
    byId('direction').addEventListener('click', () => this.sortBy(this.column, !this.down));
    this.sortBy(this.column, this.down);
  }

  sortBy(column, down) {
    this.column = column;
    this.down = down;
    kColumns.forEach((one, k) =>
      setAttribute(this.titles[k], 'aria-sort', one === column ? (down ? 'descending' : 'ascending') : null));
    byId('sorting').value = column.key;
    this.order();
  }

  filterBy(text) {
    this.words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
    this.order();
  }

  update(queues) {
    const present = new Set();
    let others = false;
    for (const queue of queues) {
      let row = this.rows.get(queue.name);
      if (!row) {
        row = new Row(queue.name, this);
        row.root.name = queue.name;
        this.rows.set(queue.name, row);
        others = true;
        this.visible.observe(row.root);
      }
      present.add(queue.name);
      row.update(rowOf(queue));
    }
    for (const [name, row] of this.rows) {
      if (present.has(name)) continue;
      this.visible.unobserve(row.root);
      this.rows.delete(name);
      others = true;
    }
    if (others) this.rank();
    this.order(performance.now() - this.touched < kHold);
  }

  rank() {
    const names = [...this.rows.keys()].sort(kNames.compare);
    names.forEach((name, rank) => { this.rows.get(name).rank = rank; });
  }

  order(held = false) {
    const fits = (row) => this.words.length === 0 ||
      this.words.every((word) => searchText(row.data).includes(word));
    const compare = comparison(this.column, this.down);
    let rows = [...this.rows.values()].filter(fits);
    if (held) {
      const place = new Map(this.shown.map((row, k) => [row, k]));
      rows.sort((a, b) => (place.get(a) ?? Infinity) - (place.get(b) ?? Infinity) || 0);
    } else {
      rows.sort(compare);
    }
    this.shown = rows;
    arrange(this.body, rows.flatMap((row) => (row.detail ? [row.root, row.detail.root] : [row.root])));
    if (!this.entered || !rows.includes(this.entered)) this.enter(rows[0] ?? null);
    show(byId('nothing'), rows.length === 0);
    setText(byId('nothing'), this.rows.size === 0 ? 'No queues are configured.' : 'No queue fits the filter.');
  }

  enter(row) {
    if (this.entered) this.entered.button.tabIndex = -1;
    this.entered = row;
    if (row) row.button.tabIndex = 0;
  }

  toggle(row, open = !row.detail) {
    if (open === Boolean(row.detail)) return;
    setAttribute(row.button, 'aria-expanded', String(open));
    if (open) {
      const id = `detail-${[...this.rows.keys()].indexOf(row.name)}`;
      row.detail = new Detail(id, kColumns.length, this.shm, this.eventsOf);
      setAttribute(row.button, 'aria-controls', id);
      row.root.after(row.detail.root);
      row.detail.update(row.data);
    } else {
      row.detail.root.remove();
      row.detail = null;
      row.button.removeAttribute('aria-controls');
    }
  }

  /** Opens a queue that somebody asked for, wherever it is, also when the filter hides it. */
  reveal(name) {
    const row = this.rows.get(name);
    if (!row) return;
    if (!this.shown.includes(row)) {
      byId('filter').value = '';
      this.filterBy('');
    }
    this.toggle(row, true);
    row.button.focus({preventScroll: true});
    row.root.scrollIntoView({block: 'center'});
  }

  onKey(event) {
    const here = this.shown.findIndex((row) => row.button === event.target);
    if (here < 0) return;
    const last = this.shown.length - 1;
    const to = {ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last, PageDown: here + 10,
      PageUp: here - 10}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const {button, root} = this.shown[Math.min(last, Math.max(0, to))];
    button.focus({preventScroll: true});
    root.scrollIntoView({block: 'nearest'});
  }
}
