// What a row shows when it is opened: problems and the commands that help, charts, cursors, holes, who has it open.

/** A command to copy. */
function commandLine() {
  const code = el('code');
  const button = el('button', {type: 'button'}, 'copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      setText(button, 'copied');
    } catch {
      getSelection().selectAllChildren(code);  // not allowed to: the user's own keys are
      setText(button, 'selected');
    }
    setTimeout(() => setText(button, 'copy'), 1500);
  });
  return {
    root: el('span', {class: 'command'}, code, button),
    update: (text) => {
      setText(code, text);
      setAttribute(button, 'aria-label', `copy: ${text}`);
    },
  };
}

function problemPart(shm) {
  const text = el('p');
  const commands = el('div');
  const list = new Repeated(commands, commandLine);
  const root = el('div', {class: 'problem'}, text, commands);
  return {
    root,
    update: ({problem, queue}) => {
      setClass(root, `problem ${problem.level}`);
      setText(text, problem.text(queue, shm()));
      list.update(problem.commands(queue, shm()));
    },
  };
}

// Title, columns, and the cells of each line; what has no line is not shown.
const kLists = [
  {title: 'Cursors', columns: ['cursor', 'at', 'lag', '%', 'reads/s', 'overrun in', 'lost'],
   lines: (queue) => queue.cursors.map((cursor) => [
     cursor.name, whole(cursor.value),
     {text: whole(cursor.lag), class: {warn: 'warn', critical: 'crit'}[cursor.level] ?? ''},
     isNumber(cursor.lag_pct) ? String(cursor.lag_pct) : kUnknown, compact(cursor.advance_per_s),
     duration(cursor.overrun_in_s), whole(cursor.lost)])},
  {title: 'Holes', columns: ['indexes', 'elements', 'age', 'producer'],
   lines: (queue) => queue.holes.map((hole) => [
     `${whole(hole.index)}\u2026${whole(hole.next - 1)}`, whole(hole.next - hole.index), duration(hole.age_ms / 1000),
     {text: ownerText(hole), class: hole.owner_alive === false ? 'crit' : ''}])},
  {title: 'Held by', columns: ['program', 'pid', 'access'],
   lines: (queue) => queue.holder_processes.map((process) => [
     process.command, String(process.pid), String(process.access ?? '')])},
];

const kValues = [
  ['Layout', (queue) => `${queue.layout}, ${elements(queue.capacity)} of ${whole(queue.element_size)} bytes` +
    (queue.items_per_slot > 1 ? `, ${queue.items_per_slot} a slot` : '')],
  ['Published', (queue) => whole(queue.published_index)],
  ['Reserved', (queue) => whole(queue.reserved_index)],
  ['Last published', (queue) => whole(queue.last_published_index)],
  ['Laps', (queue) => (isNumber(queue.laps) ? kOneDigit.format(queue.laps) : kUnknown)],
  ['Turnover', (queue) => duration(queue.turnover_s)],
  ['Size', (queue) => `${bytes(queue.bytes)}, ${bytes(queue.resident_bytes)} in memory`],
  ['Repaired', (queue) => elements(queue.repaired)],
  ['Holders', (queue) => plural(queue.holders, 'process', 'processes') +
    (queue.holder_proof ? `, by ${queue.holder_proof}` : '')],
];

class Detail {
  /** `shm()`: the daemon's view of the directory; `eventsOf(name)`: the newest events of a queue. */
  constructor(id, columns, shm, eventsOf) {
    this.eventsOf = eventsOf;
    this.asked = 0;
    const problems = el('div');
    this.problems = new Repeated(problems, () => problemPart(shm));
    this.charts = new Charts();
    this.values = kValues.map(([title, text]) => ({text, dt: el('dt', {}, title), dd: el('dd')}));
    this.lists = kLists.map((list) => {
      const table = textTable(list.title, list.columns);
      return {list, table, part: el('div', {hidden: ''}, el('h3', {}, list.title), table.root)};
    });
    this.recent = el('div', {hidden: ''}, el('h3', {}, 'Its last events'));
    const recent = el('ol', {class: 'recent'});
    this.recent.append(recent);
    this.events = new Repeated(recent, eventLine);
    const numbers = el('div', {}, el('h3', {}, 'Numbers'),
      el('dl', {class: 'values'}, ...this.values.flatMap(({dt, dd}) => [dt, dd])));
    this.root = el('tr', {class: 'detail', role: 'row', id},
      el('td', {role: 'cell', colspan: columns}, el('div', {class: 'detail-body'}, problems, this.charts.root,
        el('div', {class: 'lists'}, ...this.lists.map(({part}) => part), numbers, this.recent))));
  }

  update(row) {
    const {queue} = row;
    this.problems.update(row.problems.map((problem) => ({problem, queue})));
    for (const {list, table, part} of this.lists) {
      const lines = list.lines(queue);
      show(part, lines.length > 0);
      table.update(lines);
    }
    for (const {text, dd} of this.values) setText(dd, text(queue));
    const events = this.eventsOf(queue.name);
    show(this.recent, events.length > 0);
    this.events.update(events);
    this.updateCharts(queue.name);
  }

  /** Asks for the history when there may be a new point of it. */
  async updateCharts(name) {
    const now = performance.now();
    if (now < this.asked) return;
    this.asked = now + 5000;
    try {
      const history = await ask(`v1/history/${encodeURIComponent(name)}`);
      this.asked = now + history.step_s * 1000;
      this.charts.update(history);
    } catch {
      // The banner about old data says it.
    }
  }
}
