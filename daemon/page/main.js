// Asks for the status each interval and hands it round. One request at a time; none while nobody looks.
const kTimeout = 5000;  // ms
const kSilent = 'slickqd does not answer. Asking again.';

async function ask(path) {
  const response = await fetch(path, {signal: AbortSignal.timeout(kTimeout), cache: 'no-store'});
  if (!response.ok) throw new Error(`slickqd answers ${response.status}`);
  return response.json();
}

const page = {status: null, rounds: -1, fresh: performance.now(), asked: Infinity, why: '',
  interval: 1000};

const table = new Table(() => page.status.shm, (name) => events.of(name));
const events = new Events((name) => table.reveal(name));
const filter = byId('filter');
const head = new Head((word) => {
  filter.value = word;
  table.filterBy(word);
}, (name) => table.reveal(name));
const orphans = new Repeated(byId('orphans').querySelector('ul'), () => {
  const root = el('li');
  return {root, update: (text) => setText(root, text)};
});

function orphanText(orphan) {
  const idle = `unchanged for ${duration(orphan.idle_ms / 1000)}`;
  return `${orphan.name}: ${bytes(orphan.bytes)}, ${orphan.held ? 'in use' : idle}${orphan.due ? '' : ', not due'}`;
}

function update(status) {
  page.status = status;
  page.interval = Math.max(250, status.interval_ms);
  // The two clocks may differ: old is what brings no new round, however its time reads.
  if (status.rounds !== page.rounds) page.fresh = performance.now();
  page.rounds = status.rounds;
  events.notice(status.queues, status.last_round.at);
  table.update(status.queues);
  head.update(status, [...table.rows.values()].map((row) => row.data));
  show(byId('orphans'), status.orphans.length > 0);
  const more = status.orphans_seen - status.orphans.length;
  const others = `and ${status.orphans_complete ? '' : 'more than '}${whole(more)} others`;
  orphans.update([...status.orphans.map(orphanText), ...(more > 0 || !status.orphans_complete ? [others] : [])]);
}

function updateAge() {
  const age = (performance.now() - page.fresh) / 1000;
  const allowed = Math.max(3, 3 * page.interval / 1000);
  const silent = page.why === '' && performance.now() - page.asked > 1000;
  head.updateAge(age > allowed ? age : null,
    page.why || (silent ? kSilent : 'slickqd answers, but has finished no round since.'));
}

/** At least so long, and until the page is seen. */
async function pause(ms) {
  await new Promise((resolve) => setTimeout(resolve, Math.min(60000, Math.max(50, ms))));
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, {once: true}));
  }
}

async function poll() {
  for (;;) {
    const begun = performance.now();
    page.asked = begun;
    try {
      update(await ask('v1/status'));
      page.why = '';
    } catch (error) {
      page.why = error.name === 'TimeoutError' ? kSilent
        : error.name === 'TypeError' ? 'No connection to slickqd. Asking again.' : `${error.message}. Asking again.`;
    }
    page.asked = Infinity;
    updateAge();
    await pause(page.interval - (performance.now() - begun));
  }
}

/** Each as it happens; asked for again and again where the daemon streams to as many as it will. */
function followEvents() {
  const stream = new EventSource(`v1/events?n=${kEventsShown}`);
  stream.addEventListener('open', () => events.expectKnown());
  stream.addEventListener('message', ({data}) => events.add(JSON.parse(data)));
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) pollEvents();
  });
}

async function pollEvents() {
  for (;;) {
    try {
      const all = await ask('v1/events');
      events.expectKnown();
      all.forEach((event) => events.add(event));
    } catch {
      // The banner about old data says it.
    }
    await pause(2 * page.interval);
  }
}

filter.addEventListener('input', () => table.filterBy(filter.value));
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && event.target !== filter) {
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === 'Escape' && event.target === filter) {
    filter.value = '';
    table.filterBy('');
  }
});

setInterval(updateAge, 500);
poll();
followEvents();
