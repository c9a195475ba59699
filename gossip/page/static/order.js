// In which order nodes stand in a matrix. Pure: each answers with the places of nodes, first to last.

import { between } from "./matrix.js";

const names = new Intl.Collator("en", { numeric: true });

/** By name, and by id where names are equal. */
export function byName(matrix) {
  return places(matrix).sort((a, b) => compared(matrix, a, b));
}

/** By the value of one tag, those without it last, and by name within. */
export function byTag(matrix, key) {
  // A tag may be called as what every object has.
  const value = (at) => (Object.hasOwn(matrix.nodes[at].tags, key) ? matrix.nodes[at].tags[key] : undefined);
  return places(matrix).sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === undefined || other === undefined) {
      return (one === undefined) - (other === undefined) || compared(matrix, a, b);
    }
    return names.compare(one, other) || compared(matrix, a, b);
  });
}

/**
 * By closeness: a chain from one node to the nearest of the rest, so that those near each other stand
 * side by side, and what nobody reaches comes last. It begins with the node nearest to all others.
 */
export function byCloseness(matrix) {
  const rest = byName(matrix);
  const distances = both(matrix);
  const order = [];
  let at = innermost(distances, rest);
  while (rest.length > 0) {
    order.push(...rest.splice(at, 1));
    at = nearest(distances, order.at(-1) * matrix.size, rest);
  }
  return order;
}

// Tags by which a matrix can be sorted: as many as a list has room for.
const MOST_KEYS = 30;

/** The keys of the commonest tags that at least two nodes have, in order. */
export function tagKeys(nodes) {
  const counts = new Map();
  for (const node of nodes) {
    for (const key of Object.keys(node.tags)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const common = [...counts].filter(([, count]) => count > 1).sort((a, b) => b[1] - a[1]);
  return common.slice(0, MOST_KEYS).map(([key]) => key).sort(names.compare);
}

/** How two texts compare where numbers in them count as numbers. */
export function comparedTexts(one, other) {
  return names.compare(one, other);
}

function places(matrix) {
  return matrix.nodes.map((_, at) => at);
}

function compared(matrix, a, b) {
  const [one, other] = [matrix.nodes[a], matrix.nodes[b]];
  return names.compare(one.name, other.name) || (one.id < other.id ? -1 : 1);
}

// The time between all pairs, the same both ways; infinite where there is none.
function both(matrix) {
  const { size } = matrix;
  const distances = new Float32Array(size * size).fill(Infinity);
  for (let one = 0; one < size; one += 1) {
    for (let other = one + 1; other < size; other += 1) {
      const time = between(matrix, one, other);
      if (Number.isNaN(time)) continue;
      distances[one * size + other] = time;
      distances[other * size + one] = time;
    }
  }
  return distances;
}

// The place in `candidates` of the one with the least mean to all that it reaches.
function innermost(distances, candidates) {
  const size = candidates.length;
  const means = candidates.map((at) => {
    let sum = 0;
    let known = 0;
    for (let other = 0; other < size; other += 1) {
      const time = distances[at * size + other];
      if (time === Infinity) continue;
      sum += time;
      known += 1;
    }
    return known ? sum / known : Infinity;
  });
  return means.reduce((best, mean, place) => (mean < means[best] ? place : best), 0);
}

// The place in `candidates` of the one nearest to the node whose row begins at `row`.
function nearest(distances, row, candidates) {
  let best = 0;
  for (let place = 1; place < candidates.length; place += 1) {
    if (distances[row + candidates[place]] < distances[row + candidates[best]]) best = place;
  }
  return best;
}

/** Tells of a place in one order (`{matrix, order}`) which it is in another; undefined for none. */
export function following(before, after) {
  const places = new Map(after.order.map((node, place) => [after.matrix.nodes[node].id, place]));
  return (place) => places.get(before.matrix.nodes[before.order[place]]?.id);
}
