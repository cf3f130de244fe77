// A chart of the last 15 minutes: axes with units, a line that breaks where nothing is known, and a read-out by
// pointer or arrow keys. It is a slider to those who cannot see it: its value is the point in time that is read.
const kSpan = 900;  // seconds
const kMargin = {left: 46, right: 10, top: 8, bottom: 18};
const kHeight = 112;

const kSeries = [
  {key: 'published_per_s', title: 'Rate', unit: 'elements/s', colour: 'rate', text: (v) => `${compact(v)}/s`},
  {key: 'gap', title: 'Gap', unit: 'elements', colour: 'gap', text: compact, counts: true},
  {key: 'lag', title: 'Largest lag', unit: 'elements', colour: 'lag', text: compact, counts: true},
  {key: 'holders', title: 'Holders', unit: 'processes', colour: 'holders', text: whole, counts: true},
];

/** The end of an axis from 0: twice a step of 1, 2 or 5 times a power of ten. */
function axisEnd(largest, counts) {
  if (!(largest > 0)) return counts ? 2 : 1;
  const power = 10 ** Math.floor(Math.log10(largest / 2));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate * 2 >= largest * 0.9999);
  return 2 * (counts ? Math.max(1, step) : step);
}

class Chart {
  /** `onCursor(index or null)`: which point in time is read. */
  constructor(series, onCursor) {
    this.series = series;
    this.onCursor = onCursor;
    this.values = [];
    this.width = 0;
    this.cursor = null;
    this.output = el('output', {'aria-live': 'off'});
    this.grid = svg('g');
    this.area = svg('path', {class: 'area'});
    this.line = svg('path', {class: 'line'});
    this.cross = svg('line', {class: 'cross', y1: kMargin.top, y2: kHeight - kMargin.bottom});
    this.dot = svg('circle', {class: 'dot', r: 3.5});
    this.svg = svg('svg', {class: 'chart', tabindex: 0, role: 'slider', 'aria-orientation': 'horizontal',
      'aria-label': `${series.title}, ${series.unit}, last 15 minutes`, 'aria-valuemin': 0, 'aria-valuemax': 0,
      'aria-valuenow': 0}, this.grid, this.area, this.line, this.cross, this.dot);
    this.svg.style.setProperty('--series', `var(--${series.colour})`);
    this.root = el('figure', {},
      el('figcaption', {}, el('b', {}, series.title, ' ', el('span', {}, series.unit)), this.output), this.svg);
    this.svg.addEventListener('pointermove', (event) => onCursor(this.indexAt(event.offsetX)));
    this.svg.addEventListener('pointerleave', () => onCursor(null));
    this.svg.addEventListener('blur', () => onCursor(null));
    this.svg.addEventListener('keydown', (event) => this.onKey(event));
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.svg);
  }

  update(history) {
    this.values = history[this.series.key] ?? [];
    this.step = history.step_s;
    this.end = Date.parse(history.end);
    this.draw();
  }

  onKey(event) {
    const last = this.values.length - 1;
    const here = this.cursor ?? last;
    const minute = Math.round(60 / this.step);
    const to = {ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1, Home: 0, End: last,
      PageDown: here - minute, PageUp: here + minute}[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.onCursor(Math.min(last, Math.max(0, to)));
  }

  x(index) {
    const right = this.width - kMargin.right;
    const seconds = (this.values.length - 1 - index) * this.step;
    return right - seconds / kSpan * (right - kMargin.left);
  }
  y(value) {
    const bottom = kHeight - kMargin.bottom;
    return bottom - value / this.top * (bottom - kMargin.top);
  }
  indexAt(x) {
    const last = this.values.length - 1;
    if (last < 0) return null;
    const right = this.width - kMargin.right;
    const behind = (right - x) / (right - kMargin.left) * kSpan / this.step;
    return Math.min(last, Math.max(0, Math.round(last - behind)));
  }

  draw() {
    this.width = this.svg.clientWidth;
    if (this.width === 0) return;
    this.top = axisEnd(Math.max(0, ...this.values.filter(isNumber)), this.series.counts);
    this.drawAxes();
    let line = '';
    let area = '';
    const floor = this.y(0);
    for (let k = 0; k < this.values.length; ++k) {
      if (!isNumber(this.values[k])) continue;
      const first = k;
      let run = '';
      for (; k < this.values.length && isNumber(this.values[k]); ++k) {
        run += `${run === '' ? 'M' : 'L'}${this.x(k).toFixed(1)} ${this.y(this.values[k]).toFixed(1)}`;
      }
      line += k - first === 1 ? `${run}h.01` : run;  // a single point is a dot
      area += `${run}L${this.x(k - 1).toFixed(1)} ${floor}L${this.x(first).toFixed(1)} ${floor}Z`;
    }
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
    this.read(this.cursor);
  }

  drawAxes() {
    const right = this.width - kMargin.right;
    const parts = [];
    for (const value of [0, this.top / 2, this.top]) {
      const y = Math.round(this.y(value));
      parts.push(svg('line', {class: 'grid', x1: kMargin.left, x2: right, y1: y, y2: y}),
        svg('text', {x: kMargin.left - 6, y: y + 3.5, 'text-anchor': 'end'}, shortest(value)));
    }
    for (const minutes of [15, 10, 5, 0]) {
      const x = right - minutes * 60 / kSpan * (right - kMargin.left);
      parts.push(svg('text', {x, y: kHeight - 4, 'text-anchor': minutes === 0 ? 'end' : 'middle'},
        minutes === 0 ? 'now' : `\u2212${minutes} min`));
    }
    this.grid.replaceChildren(...parts);
  }

  /** Shows what was there at a point in time; null: the newest that is known. */
  read(index) {
    this.cursor = index;
    const last = this.values.length - 1;
    const at = Math.min(index ?? last, last);
    const value = this.values[at];
    const when = index === null ? 'now' : clockTime(this.end - (last - at) * this.step * 1000);
    const text = last < 0 ? 'nothing yet'
      : `${isNumber(value) ? this.series.text(value) : 'unknown'}${index === null ? '' : `, ${when}`}`;
    setText(this.output, text);
    setAttribute(this.svg, 'aria-valuemax', String(Math.max(0, last)));
    setAttribute(this.svg, 'aria-valuenow', String(Math.max(0, at)));
    setAttribute(this.svg, 'aria-valuetext', `${text}${index === null ? ', now' : ''}`);
    const visible = index !== null && last >= 0 && this.width > 0;
    this.cross.style.display = visible ? '' : 'none';
    this.dot.style.display = visible && isNumber(value) ? '' : 'none';
    if (!visible) return;
    this.cross.setAttribute('x1', this.x(at));
    this.cross.setAttribute('x2', this.x(at));
    if (!isNumber(value)) return;
    this.dot.setAttribute('cx', this.x(at));
    this.dot.setAttribute('cy', this.y(value));
  }
}

/** The four charts of a queue; they are read at the same point in time. */
class Charts {
  constructor() {
    this.charts = kSeries.map((series) =>
      new Chart(series, (index) => this.charts.forEach((chart) => chart.read(index))));
    this.root = el('div', {class: 'charts'}, ...this.charts.map((chart) => chart.root));
  }
  update(history) {
    this.charts.forEach((chart) => chart.update(history));
  }
}
