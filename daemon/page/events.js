// What happened, newest first: the daemon's events, and the changes of state that no event tells of.
const kEventsShown = 100;

const kBad = ['stall', 'mismatch', 'vanished', 'split_brain', 'loss', 'lag_critical', 'overrun_soon', 'shm_low',
  'reload_failed'];
const kWarning = ['recreated', 'orphan_found', 'lag_warn'];

const eventLevel = (kind) => (kBad.includes(kind) ? 'crit' : kWarning.includes(kind) ? 'warn' : 'ok');

function eventText(event) {
  return Object.entries(event).filter(([key]) => !['time', 'seq', 'event', 'queue'].includes(key))
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

/** One event as a line. */
function eventLine(onQueue) {
  const time = el('time');
  const kind = el('span');
  const queue = el(onQueue ? 'button' : 'span', onQueue ? {class: 'link', type: 'button'} : {hidden: ''});
  const more = el('span', {class: 'more'});
  const line = {root: el('li', {class: 'event'}, time, kind, queue, ' ', more), queue: ''};
  queue.addEventListener('click', () => onQueue?.(line.queue));
  line.update = (event) => {
    line.queue = event.queue;
    setText(time, clockTime(event.time));
    setAttribute(time, 'datetime', event.time);
    setClass(kind, `state ${eventLevel(event.event)}`);
    setText(kind, event.event.replaceAll('_', ' '));
    show(queue, Boolean(onQueue && event.queue));
    setText(queue, event.queue ?? '');
    setText(more, eventText(event));
  };
  return line;
}

// Of each kind: what the daemon keeps, and what the page noticed itself.
const kMostKept = {daemon: 1000, page: 100};

class Events {
  constructor(onQueue) {
    this.all = [];  // newest first: as they came, for the daemon's clock may be set back
    this.kept = {daemon: 0, page: 0};
    this.known = new Map();
    this.states = new Map();
    this.pending = null;
    this.list = new Repeated(byId('news'), () => eventLine(onQueue));
  }

  of(name, count = 5) {
    return this.all.filter((event) => event.queue === name).slice(0, count);
  }

  /** Soon: a stream begins with many at once. */
  show() {
    this.pending ??= setTimeout(() => {
      this.pending = null;
      this.list.update(this.all.slice(0, kEventsShown));
    }, 20);
  }

  /** The daemon tells from here on what it has, oldest first: some of it again. */
  expectKnown() {
    this.known.clear();
    for (const {text} of this.all) this.known.set(text, (this.known.get(text) ?? 0) + 1);
  }

  add(event) {
    const text = JSON.stringify(event);
    const times = this.known.get(text) ?? 0;
    if (times > 0) this.known.set(text, times - 1);
    else this.keep('daemon', {...event}, text);
  }

  keep(source, event, text) {
    // Not among what a line shows of it.
    Object.defineProperties(event, {source: {value: source}, text: {value: text}});
    this.all.unshift(event);
    if (++this.kept[source] > kMostKept[source]) {
      --this.kept[source];
      this.all.splice(this.all.findLastIndex((one) => one.source === source), 1);
    }
    this.show();
  }

  /** A queue that is well again: nobody reports that, so the page does. */
  notice(queues, time) {
    for (const {name, state} of queues) {
      const was = this.states.get(name);
      this.states.set(name, state);
      if (state !== 'ready' || was === undefined || was === 'ready') continue;
      this.keep('page', {time, event: 'ready_again', queue: name, was}, '');
    }
  }
}
