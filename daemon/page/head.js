// The head of the page: facts of the daemon, the count of each state, and banners for what needs somebody.

const kFacts = [
  ['Up', (status) => duration(status.uptime_s)],
  ['Process', (status) => `pid ${status.pid}`],
  ['Host', (status) => status.host || location.host],
  ['Round', (status) => `${status.last_round.duration_ms.toFixed(1)}${kSpace}ms, every ` +
    duration(status.interval_ms / 1000)],
];

class Head {
  constructor(onState, onQueue) {
    this.onState = onState;
    this.onQueue = onQueue;
    const fact = (title, ...content) => {
      const dd = el('dd', {}, ...content);
      byId('facts').append(el('div', {}, el('dt', {}, title), dd));
      return dd;
    };
    this.facts = kFacts.map(([title, text]) => ({text, dd: fact(title)}));
    this.spaceText = el('span');
    this.spaceFill = el('i');
    this.space = el('div', {class: 'space', role: 'img'}, this.spaceFill);
    this.spaceTitle = fact('Shared memory', this.spaceText, this.space);
    this.config = fact('Configuration');
    this.states = new Repeated(byId('summary'), () => this.stateButton());
    const banner = (level) => {
      const text = el('b');
      const more = el('span');
      const root = el('div', {class: `banner ${level}`, hidden: ''}, text, more);
      byId('banners').append(root);
      return {root, text, more};
    };
    this.old = banner('crit');
    this.old.root.id = 'old';
    this.lost = banner('crit');
    this.lost.root.id = 'lost';
    this.trouble = banner('crit');
    this.trouble.root.id = 'trouble';
    this.troubles = new Repeated(this.trouble.more, () => this.troubleButton());
    this.reload = banner('warn');
    this.reload.root.id = 'reload';
    this.textfile = banner('warn');
    this.textfile.root.id = 'textfile';
  }

  stateButton() {
    const root = el('button', {type: 'button'});
    root.addEventListener('click', () => this.onState(root.word));
    return {root, update: ({worst, count, filter}) => {
      root.word = filter;
      setClass(root, stateClass(worst));
      setText(root, `${whole(count)} ${worst.word}`);
    }};
  }

  troubleButton() {
    const button = el('button', {type: 'button', class: 'link'});
    const text = el('span');
    button.addEventListener('click', () => this.onQueue(button.textContent));
    return {root: el('span', {}, button, text), update: ({row, last}) => {
      setText(button, row.queue.name);
      const age = row.worst.word === 'stalled' && row.hole ? ` for ${duration(row.hole.age_ms / 1000)}` : '';
      setText(text, ` ${row.worst.word}${age}${last ? '' : ';'} `);
    }};
  }

  update(status, rows) {
    setText(byId('version'), status.version);
    for (const {text, dd} of this.facts) setText(dd, text(status));
    this.updateSpace(status.shm);
    this.updateConfig(status.config);
    this.updateBanner(this.lost, status.shm.problem,
      'The directory of the queues cannot be read: every queue is missing until it is back.');
    this.updateBanner(this.textfile, status.metrics.textfile_error, 'The metrics are not written to their file.');
    this.updateSummary(rows);
    const bad = rows.filter((row) => row.worst.level === 'crit');
    show(this.trouble.root, bad.length > 0);
    setText(this.trouble.text, `${plural(bad.length, 'queue needs', 'queues need')} attention:`);
    this.troubles.update(bad.slice(0, 8).map((row, k, all) => ({row, last: k === all.length - 1})));
    const title = `${bad.length > 0 ? `(${bad.length}) ` : ''}slickqd ${status.host}`;
    if (document.title !== title) document.title = title;
  }

  updateBanner({root, text, more}, problem, meaning) {
    show(root, problem !== null);
    setText(text, meaning);
    setText(more, problem ?? '');
  }

  updateSpace(shm) {
    show(this.spaceTitle.parentElement, shm.size_bytes > 0);  // unknown: no limit, or no directory
    const used = shm.size_bytes > 0 ? 1 - shm.free_bytes / shm.size_bytes : 0;
    const text = `${bytes(shm.free_bytes)} free of ${bytes(shm.size_bytes)}`;
    setText(this.spaceText, text);
    setClass(this.spaceText, shm.low ? 'bad' : '');
    setClass(this.space, shm.low ? 'space low' : 'space');
    setAttribute(this.space, 'aria-label', `${Math.round(used * 100)} % used${shm.low ? ', low' : ''}`);
    setAttribute(this.spaceTitle, 'title', shm.dir);
    this.spaceFill.style.width = `${Math.max(1, used * 100).toFixed(1)}%`;
  }

  updateConfig(config) {
    setText(this.config, `${config.file}, ${config.last_reload_ok ? 'loaded' : 'not reloaded; that of'} ` +
      clockTime(config.loaded));
    setClass(this.config, config.last_reload_ok ? '' : 'bad');
    show(this.reload.root, !config.last_reload_ok);
    setText(this.reload.text, 'The last reload was refused, the configuration before it is in force.');
    setText(this.reload.more, config.last_error ?? '');
  }

  updateSummary(rows) {
    const counts = new Map();
    for (const {worst} of rows) counts.set(worst, (counts.get(worst) ?? 0) + 1);
    const order = [...counts.keys()].sort((a, b) => kLevels.indexOf(b.level) - kLevels.indexOf(a.level));
    this.states.update([
      {worst: {word: rows.length === 1 ? 'queue' : 'queues', level: 'all'}, count: rows.length, filter: ''},
      ...order.map((worst) => ({worst, count: counts.get(worst), filter: worst.word}))]);
    const rate = rows.reduce((sum, row) => sum + (row.rate ?? 0), 0);
    setText(byId('total'), `${compact(rate)} elements/s`);
  }

  /** `age` in seconds, or null when the data is fresh. */
  updateAge(age, why) {
    const old = age !== null;
    show(this.old.root, old);
    if (document.body.classList.contains('old') !== old) {
      document.body.classList.toggle('old', old);
      setText(byId('announcement'), old ? `The data is old: ${why}` : 'The data is up to date again.');
    }
    if (!old) return;
    setText(this.old.text, `The data is ${duration(Math.floor(age))} old.`);
    setText(this.old.more, why);
  }
}
