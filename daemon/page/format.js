// Numbers, durations and commands as a person reads them. Pure functions; what is not known is a dash.
const kUnknown = '\u2013';
const kSpace = '\u00a0';

const kWhole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const kOneDigit = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** 1234567 as "1,234,567". */
const whole = (value) => (isNumber(value) ? kWhole.format(value) : kUnknown);

/** Three significant digits and a prefix: "987", "12.3 k", "4.56 M". */
function compact(value) {
  if (!isNumber(value)) return kUnknown;
  if (Math.abs(value) < 999.5) return value < 100 ? kOneDigit.format(value) : kWhole.format(value);
  let scaled = value;
  let unit = -1;
  while (Math.abs(scaled) >= 999.5 && unit < 4) {
    scaled /= 1000;
    ++unit;
  }
  return scaled.toPrecision(3) + kSpace + 'kMGTP'[unit];
}

/** The same without zeros at the end: "1.5 k". */
const shortest = (value) => compact(value).replace(/(\.\d*?)0+(?!\d)/, (_, rest) => (rest === '.' ? '' : rest));

function bytes(value) {
  if (!isNumber(value)) return kUnknown;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit + 1 < units.length) {
    scaled /= 1024;
    ++unit;
  }
  return (unit === 0 ? scaled : scaled.toFixed(1)) + kSpace + units[unit];
}

/** Two digits or more, in one unit or two: "850 ms", "12.4 s", "3 min 5 s", "42 min", "2 h 10 min", "4 d 3 h". */
function duration(seconds) {
  if (!isNumber(seconds)) return kUnknown;
  if (seconds < 0.9995) return Math.round(seconds * 1000) + kSpace + 'ms';
  if (seconds < 59.95) return seconds.toFixed(1) + kSpace + 's';
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const whole = Math.round(seconds);
  const k = units.findIndex(([, size]) => whole >= size);
  const [unit, size] = units[k];
  const large = Math.floor(whole / size);
  const [smallUnit, smallSize] = units[k + 1];
  const small = Math.floor(whole % size / smallSize);
  return large + kSpace + unit + (large < 10 && small > 0 ? kSpace + small + kSpace + smallUnit : '');
}

const kClock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const kDay = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short'});

/** A time of today as "16:20:05", of another day with its day. */
function clockTime(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return kUnknown;
  const today = date.toDateString() === new Date().toDateString();
  return (today ? '' : kDay.format(date) + ' ') + kClock.format(date);
}

const plural = (count, one, many = one + 's') => `${whole(count)} ${count === 1 ? one : many}`;

/** A word of a shell's command line that means exactly `text`. */
const quoted = (text) => (/^[\w.@%+=:,/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
