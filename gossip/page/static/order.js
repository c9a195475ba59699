// In which order nodes stand in a matrix. Pure: each answers with the places of nodes, first to last.

import { between } from "./matrix.js";

const names = new Intl.Collator("en", { numeric: true });

/** By name, and by id where names are equal. */
export function byName(matrix) {
  return places(matrix).sort((a, b) => compared(matrix, a, b));
}

/** By the value of one tag, those without it last, and by name within. */
export function byTag(matrix, key) {
  const value = (at) => matrix.nodes[at].tags[key];
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
  const rest = new Set(byName(matrix));
  const order = [];
  let at = rest.size ? innermost(matrix, rest) : undefined;
  while (at !== undefined) {
    order.push(at);
    rest.delete(at);
    at = nearest(matrix, at, rest);
  }
  return order;
}

/** The keys of all tags that at least two nodes have, in order. */
export function tagKeys(nodes) {
  const counts = new Map();
  for (const node of nodes) {
    for (const key of Object.keys(node.tags)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([key]) => key).sort(names.compare);
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

function innermost(matrix, candidates) {
  let best;
  let least = Infinity;
  for (const at of candidates) {
    let sum = 0;
    let known = 0;
    for (const other of candidates) {
      const time = between(matrix, at, other);
      if (time >= 0) {
        sum += time;
        known += 1;
      }
    }
    const mean = known ? sum / known : Infinity;
    if (best === undefined || mean < least) [best, least] = [at, mean];
  }
  return best;
}

function nearest(matrix, from, candidates) {
  let best;
  let least = Infinity;
  for (const at of candidates) {
    const time = between(matrix, from, at);
    const distance = Number.isNaN(time) ? Infinity : time;
    if (best === undefined || distance < least) [best, least] = [at, distance];
  }
  return best;
}
