// Numbers and times in words. Pure, but for the time zone of the browser.

const NOTHING = "–";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", hourCycle: "h23" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Milliseconds, with about two digits that say something. */
export function milliseconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${bare(value)} ms`;
}

/** The same without its unit. */
export function bare(value) {
  if (value >= 99.5) return value.toFixed(0);
  if (value >= 9.95) return value.toFixed(0);
  return value >= 0.995 ? value.toFixed(1) : value.toFixed(2);
}

/** A share, 0 to 1, in percent. */
export function share(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (value === 0 || value >= 0.0995) return `${Math.round(value * 100)} %`;
  return value < 0.001 ? "< 0.1 %" : `${(value * 100).toFixed(1)} %`;
}

/** The time of day of Unix seconds, with the date unless it is today's. */
export function moment(seconds, now = Date.now() / 1000) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return NOTHING;
  const today = at.toDateString() === new Date(now * 1000).toDateString();
  return today ? CLOCK.format(at) : `${DATE.format(at)} ${CLOCK.format(at)}`;
}

/** How long something lasts, in its largest unit. */
export function lasting(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  if (seconds < 2 * MINUTE) return `${Math.round(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} min`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} h` : `${Math.round(seconds / DAY)} days`;
}

/** Bytes, in units of 1000. */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let value = count;
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** A whole number with its thousands apart. */
export function count(number) {
  return number.toLocaleString("en");
}

/** "1 peer", "12 peers". */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
