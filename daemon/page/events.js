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

class Events {
  constructor(onQueue) {
    this.daemons = [];
    this.noticed = [];
    this.states = new Map();
    this.pending = null;
    this.list = new Repeated(byId('news'), () => eventLine(onQueue));
  }

  /** Newest first, both kinds. */
  all() {
    return [...this.noticed, ...this.daemons].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
  }

  of(name, count = 5) {
    return this.all().filter((event) => event.queue === name).slice(0, count);
  }

  /** Soon: a stream begins with many at once. */
  show() {
    this.pending ??= setTimeout(() => {
      this.pending = null;
      this.list.update(this.all().slice(0, kEventsShown));
    }, 20);
  }

  /** What the daemon has, oldest first. */
  replace(events) {
    this.daemons = events.slice(-1000).reverse();
    this.show();
  }

  add(event) {
    this.daemons.unshift(event);
    this.daemons.length = Math.min(this.daemons.length, 1000);
    this.show();
  }

  /** A queue that is well again: nobody reports that, so the page does. */
  notice(queues, time) {
    const before = this.noticed.length;
    for (const {name, state} of queues) {
      const was = this.states.get(name);
      this.states.set(name, state);
      if (state !== 'ready' || was === undefined || was === 'ready') continue;
      this.noticed.unshift({time, event: 'ready_again', queue: name, was});
    }
    if (this.noticed.length > before) this.show();
    this.noticed.length = Math.min(this.noticed.length, 100);
  }
}
