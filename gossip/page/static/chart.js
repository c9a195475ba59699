// Round-trip times over the last hour, with losses marked: mean and worst as lines, and a bar from the
// ground for each stretch in which pings went unanswered, as high as their share.

import uPlot from "./vendor/uPlot.esm.js";

import { milliseconds, moment, share } from "./format.js";

const HEIGHT = 280;
const HOUR = 3600;

// Seconds that are drawn at least, however little there is to draw.
const LEAST = 600;

// Stretches of which each has a point too: what stands alone has no line.
const FEW = 30;

// Seconds between two stretches from which on nothing was measured between them.
const GAP = 90;

export class Chart {
  #holder;
  #plot = null;

  constructor(holder) {
    this.#holder = holder;
    new ResizeObserver(() => this.#resized()).observe(holder);
  }

  /** Draw what was measured (`PastTimes`, oldest first), in the theme's colours. */
  show(past, ink, now = Date.now() / 1000) {
    const { left = -1, top = -1 } = this.#plot?.cursor ?? {};
    this.clear();
    if (past.length === 0) return;
    const width = Math.max(this.#holder.clientWidth, 200);
    const from = Math.max(now - HOUR, Math.min(past[0].since, now - LEAST) - 5);
    this.#plot = new uPlot(options(ink, width, [from, now]), columns(past), this.#holder);
    if (left >= 0) this.#plot.setCursor({ left, top });
  }

  clear() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #resized() {
    const width = this.#holder.clientWidth;
    if (this.#plot && width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }
}

/** As uPlot wants it: times, means, worst, shares of losses; a hole where nothing was measured. */
export function columns(past) {
  const [times, means, worst, losses] = [[], [], [], []];
  const add = (time, mean, most, lost) => {
    times.push(time);
    means.push(mean);
    worst.push(most);
    losses.push(lost);
  };
  past.forEach((stretch, at) => {
    const before = past[at - 1];
    if (before && stretch.since - before.since > GAP) add(before.since + GAP / 3, null, null, null);
    const lost = stretch.pings ? stretch.lost / stretch.pings : null;
    add(stretch.since, stretch.mean_ms, stretch.worst_ms, lost || null);
  });
  return [times, means, worst, losses];
}

/** All of it in a sentence. */
export function summary(past) {
  const pings = past.reduce((sum, stretch) => sum + stretch.pings, 0);
  if (pings === 0) return "No ping was sent within the last hour.";
  const lost = past.reduce((sum, stretch) => sum + stretch.lost, 0);
  const worst = Math.max(...past.map((stretch) => stretch.worst_ms ?? -1));
  const answered = past.filter((stretch) => stretch.mean_ms !== null);
  const weight = answered.reduce((sum, { pings: sent, lost: gone }) => sum + sent - gone, 0);
  const mean = answered.reduce((sum, s) => sum + s.mean_ms * (s.pings - s.lost), 0) / weight;
  const times = weight > 0 ? ` Mean ${milliseconds(mean)}, worst ${milliseconds(worst)}.` : "";
  const losses = lost ? `${lost} of ${pings} pings lost (${share(lost / pings)}).` : `${pings} pings, none lost.`;
  return `Since ${moment(past[0].since)}: ${losses}${times}`;
}

function options(ink, width, range) {
  const axis = {
    stroke: ink.muted,
    grid: { stroke: ink.line, width: 1 },
    ticks: { show: false },
    font: `12px ${ink.font}`,
  };
  const points = { size: 5, show: (_, series, first, last) => last - first < FEW };
  const told = (format) => (_, value) => (value === null ? "–" : format(value));
  return {
    width,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { range: () => range },
      y: { range: (_, low, high) => [0, high > 0 ? high * 1.15 : 1] },
      lost: { range: [0, 1] },
    },
    axes: [
      { ...axis, size: 32, values: (_, times) => times.map((time) => moment(time).slice(0, -3)) },
      { ...axis, size: 62, values: (_, values) => values.map((v) => (v ? milliseconds(v) : "0")) },
    ],
    series: [
      { label: "Time", value: told(moment) },
      { label: "Mean", stroke: ink.accent, width: 2, value: told(milliseconds), points },
      {
        label: "Worst",
        stroke: ink.muted,
        width: 1,
        dash: [3, 3],
        value: told(milliseconds),
        points,
      },
      {
        label: "Lost",
        scale: "lost",
        stroke: ink.down,
        fill: ink.down,
        width: 0,
        paths: uPlot.paths.bars({ size: [0.8, 7, 2] }),
        points: { show: false },
        value: told(share),
      },
    ],
  };
}
