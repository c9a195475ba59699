// Who hears whom, in tables that are small and quick to draw. Pure.

export const UNKNOWN = 0;
export const UP = 1;
export const DOWN = 2;
export const SELF = 3;

const LINKS = { u: UP, d: DOWN, "-": SELF };

/**
 * The answer of /v1/matrix with its tables as typed arrays, row after row (NaN where there is none), and
 * the `range` of round-trip times over which colours are spread.
 */
export function packed(answer) {
  const size = answer.nodes.length;
  const links = new Uint8Array(size * size);
  const rtt = new Float32Array(size * size).fill(NaN);
  const lost = new Float32Array(size * size).fill(NaN);
  for (let row = 0; row < size; row += 1) {
    const begin = row * size;
    for (let column = 0; column < size; column += 1) {
      links[begin + column] = LINKS[answer.links[row]?.[column]] ?? UNKNOWN;
      rtt[begin + column] = answer.rtt_ms[row]?.[column] ?? NaN;
      lost[begin + column] = answer.lost[row]?.[column] ?? NaN;
    }
  }
  return { time: answer.time, nodes: answer.nodes, size, links, rtt, lost, range: spread(rtt) };
}

/** What one node says of another: `{link, rtt, lost}`. */
export function cell(matrix, row, column) {
  const at = row * matrix.size + column;
  return { link: matrix.links[at], rtt: matrix.rtt[at], lost: matrix.lost[at] };
}

/** The mean of both directions in milliseconds, or of the one that is known; NaN where neither is. */
export function between(matrix, one, other) {
  const there = matrix.rtt[one * matrix.size + other];
  const back = matrix.rtt[other * matrix.size + one];
  if (Number.isNaN(there)) return back;
  return Number.isNaN(back) ? there : (there + back) / 2;
}

// All but the outermost hundredths of the round-trip times that are there, and at least a factor of four,
// so that noise is not painted as a difference.
function spread(times) {
  const known = times.filter((value) => value > 0).sort();
  if (known.length === 0) return [0.1, 100];
  const low = known[Math.floor((known.length - 1) * 0.01)];
  const high = known[Math.ceil((known.length - 1) * 0.99)];
  const middle = Math.sqrt(low * high);
  return [Math.min(low, middle / 2), Math.max(high, middle * 2)];
}
