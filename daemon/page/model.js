// What the numbers of one queue mean: its problems, the worst first, and what its row shows. Pure functions.

const kSoon = 60;  // seconds to an overrun that are worth a warning
const kBlind = 5;  // seconds without a look that are

/** The item whose value is largest, null when none has one. */
const most = (items, value) => items.reduce((best, item) =>
  (isNumber(value(item)) && (best === null || value(item) > value(best)) ? item : best), null);

const oldestHole = (queue) => most(queue.holes, (hole) => hole.age_ms);
const largestLag = (queue) => most(queue.cursors, (cursor) => cursor.lag);
const soonestOverrun = (queue) =>
  most(queue.cursors, (cursor) => (isNumber(cursor.overrun_in_s) ? -cursor.overrun_in_s : null));

const elements = (count) => plural(count, 'element');

function ownerText(hole) {
  const alive = {true: 'alive', false: 'dead'}[hole.owner_alive] ?? 'unknown';
  return hole.owner_pid ? `${hole.owner_pid} ${alive}` : `owner ${alive}`;
}

/** `slickq VERB NAME` for a shell; the directory only where it is not the usual one. */
function command(verb, name, shm) {
  const directory = shm.dir && shm.dir !== '/dev/shm' ? ` --shm-dir ${quoted(shm.dir)}` : '';
  return `slickq ${verb}${directory}${name.startsWith('-') ? ' --' : ''} ${quoted(name)}`;
}

function stallText(queue) {
  const hole = oldestHole(queue);
  if (!hole) return 'A reservation has not been published for longer than stall.after: readers wait at it.';
  const owner = hole.owner_alive === null ? 'nothing is known of its producer'
    : `its producer${hole.owner_pid ? ` (${hole.owner_pid})` : ''} ${hole.owner_alive ? 'lives' : 'is dead'}`;
  return `Readers wait at index ${whole(hole.index)}: ${elements(hole.next - hole.index)} reserved, not published ` +
    `for ${duration(hole.age_ms / 1000)}; ${owner}.`;
}

// One row for each kind of problem. `shape` is how its state is drawn, beside the colour of its level.
const kProblems = [
  {word: 'missing', level: 'crit', shape: 'gone', when: (queue) => queue.state === 'missing',
   text: (queue, shm) => (shm.problem ? 'It is out of reach, with the directory that it is in.'
     : 'There is no segment of this name. slickqd makes it at its next start or reload.'),
   commands: (queue, shm) => (shm.problem ? [] : ['slickq daemon reload'])},
  {word: 'mismatch', level: 'crit', shape: 'other', when: (queue) => queue.state === 'mismatch',
   text: (queue) => `The name leads to something else: ${queue.problem ?? 'not the configured queue'}.`,
   commands: (queue, shm) => [command('inspect', queue.name, shm)]},
  {word: 'stalled', level: 'crit', when: (queue) => queue.state === 'stalled', text: stallText,
   commands: (queue, shm) => [command('repair', queue.name, shm), command('ps', queue.name, shm)]},
  {word: 'split brain', level: 'crit', shape: 'other', when: (queue) => queue.split_brain?.length > 0,
   text: (queue) => 'A removed segment of this name is still in use; these programs no longer meet the others: ' +
     queue.split_brain.map((process) => `${process.pid} ${process.command}`).join(', ') + '. Restart them.',
   commands: () => []},
  {word: 'lag critical', level: 'crit', when: (queue) => queue.cursors.some((cursor) => cursor.level === 'critical'),
   text: (queue) => lagText(queue, 'critical'), commands: () => []},
  {word: 'overrun soon', level: 'warn', when: (queue) => (soonestOverrun(queue)?.overrun_in_s ?? Infinity) < kSoon,
   text: (queue) => `At these speeds the producers overtake ${soonestOverrun(queue).name} in ` +
     `${duration(soonestOverrun(queue).overrun_in_s)}: what it has not read by then is lost.`,
   commands: () => []},
  {word: 'lagging', level: 'warn', when: (queue) => queue.cursors.some((cursor) => cursor.level === 'warn'),
   text: (queue) => lagText(queue, 'warn'), commands: () => []},
  {word: 'numbers old', level: 'warn', when: (queue) => (queue.blind_s ?? 0) >= kBlind,
   text: (queue) => `Nobody could look into it for ${duration(queue.blind_s)}, so all that is shown of it is that old` +
     `${queue.problem ? `: ${queue.problem.replace(/^its numbers are old: /, '')}` : ''}.`,
   commands: (queue, shm) => [command('ps', queue.name, shm)]},
  {word: 'not repaired', level: 'warn', when: (queue) => Boolean(queue.repair_problem),
   text: (queue) => `The last repair that was due could not be made: ${queue.repair_problem}.`,
   commands: (queue, shm) => [command('repair', queue.name, shm)]},
];
const kFine = {word: 'ready', level: 'ok', shape: ''};
const kLevels = ['ok', 'warn', 'crit'];

function lagText(queue, level) {
  const late = queue.cursors.filter((cursor) => cursor.level === level);
  return late.map((cursor) => `${cursor.name} is ${elements(cursor.lag)} behind, ${cursor.lag_pct} % of the ring`)
    .join('; ') + '.';
}

const problemsOf = (queue) => kProblems.filter((problem) => problem.when(queue));
const stateClass = (problem) => `state ${problem.level} ${problem.shape ?? ''}`;

/** What a row of the table shows and is sorted by. */
function rowOf(queue) {
  const problems = problemsOf(queue);
  const worst = problems.find((problem) => problem.level === 'crit') ?? problems[0] ?? kFine;
  const hole = oldestHole(queue);
  const lag = largestLag(queue);
  const overrun = soonestOverrun(queue);
  const there = isNumber(queue.reserved_index);
  return {
    queue, problems, worst,
    level: kLevels.indexOf(worst.level),
    rate: there ? queue.published_per_s : null,
    hole, lag, overrun,
  };
}

/** What a row is found by. */
const searchText = ({queue, worst, problems}) =>
  [queue.name, worst.word, queue.state, queue.layout, ...problems.map((problem) => problem.word),
    ...queue.cursors.map((cursor) => cursor.name)].join('\n').toLowerCase();

// The columns: text (and smaller text behind it) of the cell, and what it is sorted by: `down` first the largest.
// `extra`: left out where there is little room; the detail has it.
const kColumns = [
  {key: 'name', title: 'Queue', width: 'minmax(0, 1fr)', by: (row, rank) => rank},
  {key: 'state', title: 'State', width: '108px', down: true, by: (row) => row.level,
   text: (row) => row.worst.word},
  {key: 'layout', title: 'Layout', width: '166px', extra: true,
   by: (row) => row.queue.capacity * row.queue.element_size,
   text: (row) => row.queue.layout,
   more: ({queue}) => `${whole(queue.capacity)}${kSpace}\u00d7${kSpace}${whole(queue.element_size)}${kSpace}B` +
     (queue.items_per_slot > 1 ? ` /${queue.items_per_slot}` : '')},
  {key: 'rate', title: 'Rate /s', width: '140px', number: true, down: true, by: (row) => row.rate,
   text: (row) => compact(row.rate)},
  {key: 'gap', title: 'Gap', width: '66px', number: true, down: true, by: (row) => row.queue.gap,
   text: (row) => compact(row.queue.gap)},
  {key: 'hole', title: 'Oldest hole', width: '150px', number: true, down: true,
   by: (row) => row.hole?.age_ms ?? null,
   text: (row) => (row.hole ? duration(row.hole.age_ms / 1000) : kUnknown),
   more: (row) => (row.hole ? ownerText(row.hole) : '')},
  {key: 'holders', title: 'Holders', width: '70px', number: true, down: true, by: (row) => row.queue.holders,
   text: (row) => whole(row.queue.holders)},
  {key: 'lag', title: 'Largest lag', width: '156px', number: true, down: true, by: (row) => row.lag?.lag ?? null,
   text: (row) => (row.lag ? compact(row.lag.lag) : kUnknown),
   more: (row) => (row.lag ? `${row.lag.lag_pct}${kSpace}% ${row.lag.name}` : '')},
  {key: 'turnover', title: 'Turnover', width: '92px', extra: true, number: true,
   by: (row) => row.queue.turnover_s ?? null,
   text: (row) => duration(row.queue.turnover_s)},
  {key: 'overrun', title: 'Overrun in', width: '92px', number: true, by: (row) => row.overrun?.overrun_in_s ?? null,
   text: (row) => duration(row.overrun?.overrun_in_s)},
];

const kNames = new Intl.Collator('en', {numeric: true});

/**
 * Orders rows, {data, rank}, by a column; what has no value comes last either way, equals by rank, which is their place
 * by name: to compare names is what would cost most.
 */
function comparison(column, down) {
  return (a, b) => {
    const left = column.by(a.data, a.rank);
    const right = column.by(b.data, b.rank);
    if (left === right) return a.rank - b.rank;
    if (left === null) return 1;
    if (right === null) return -1;
    return down ? right - left : left - right;
  };
}
