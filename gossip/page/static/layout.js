// Where nodes stand in the drawing of the mesh, and where their names do. Pure, but for the libraries,
// which come as scripts and leave what they offer in one global name.

import "./vendor/d3-dispatch.js";
import "./vendor/d3-quadtree.js";
import "./vendor/d3-timer.js";
import "./vendor/d3-force.js";

import { UP, between } from "./matrix.js";

const { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } = globalThis.d3;

// Enough that nothing moves any more; taken at once, so that nothing is seen to wriggle.
const TICKS = 260;
const AGAIN = 60;

// How far apart those are that answer each other soonest, and latest.
const NEAR = 20;
const FAR = 220;

/**
 * Pairs with something to draw: `{source, target, link}` where either end says up or down. Down wins:
 * whoever does not hear the other is what a reader looks for.
 */
export function edges(matrix, down) {
  const found = [];
  for (let one = 0; one < matrix.size; one += 1) {
    for (let other = one + 1; other < matrix.size; other += 1) {
      const said = [one * matrix.size + other, other * matrix.size + one].map(
        (at) => matrix.links[at],
      );
      const broken = said.includes(down);
      if (!broken && !said.includes(UP)) continue;
      found.push({
        source: matrix.nodes[one].id,
        target: matrix.nodes[other].id,
        link: broken ? "down" : "up",
        rtt: between(matrix, one, other),
      });
    }
  }
  return found;
}

/** Places by id, in no unit; `before` are those of last time, which are kept if they can be. */
export function placed(nodes, pairs, [low, high], before) {
  const bodies = nodes.map(({ id }) => ({ id, ...before?.get(id) }));
  const known = bodies.filter((body) => body.x !== undefined).length;
  const place = (rtt) => Math.log(Math.max(rtt, low) / low) / Math.log(high / low);
  const links = pairs.map(({ source, target, link, rtt }) => ({
    source,
    target,
    // What is broken has no distance: it is as far as what is farthest.
    distance: NEAR + (FAR - NEAR) * (link === "up" && rtt > 0 ? place(rtt) : 1),
  }));
  // Springs of equal strength however many there are: the mesh is full, or nearly so.
  const strength = Math.min(1, 2 / Math.max(nodes.length, 1));
  const simulation = forceSimulation(bodies)
    .stop()
    .force("link", forceLink(links).id(({ id }) => id).distance((l) => l.distance).strength(strength))
    .force("apart", forceManyBody().strength(-8))
    .force("room", forceCollide(FAR / 2 / Math.sqrt(nodes.length + 1)))
    .force("x", forceX(0).strength(0.02))
    .force("y", forceY(0).strength(0.02));
  if (nodes.length && known === nodes.length) simulation.alpha(0.3);
  simulation.tick(known === nodes.length ? AGAIN : TICKS);
  return new Map(bodies.map(({ id, x, y }) => [id, { x, y }]));
}

/** The places stretched to a width and a height with a rim. */
export function stretched(places, width, height, rim) {
  const all = [...places.values()];
  const range = (axis) => [
    Math.min(...all.map((place) => place[axis])),
    Math.max(...all.map((place) => place[axis])),
  ];
  const along = ([least, most], length) => (value) =>
    most - least < 1e-6 ? length / 2 : rim + ((value - least) / (most - least)) * (length - 2 * rim);
  const [x, y] = [along(range("x"), width), along(range("y"), height)];
  return new Map([...places].map(([id, place]) => [id, { x: x(place.x), y: y(place.y) }]));
}

/**
 * Where each name stands beside its node: `{dx, dy, anchor, crowded}`. A name that finds no room is
 * crowded: it is shown when its node is pointed at.
 */
export function labelled(spots, bounds) {
  const taken = spots.map(({ x, y, radius }) => [x - radius, y - radius, x + radius, y + radius]);
  return spots.map((spot) => {
    const tries = around(spot);
    const free = tries.find(({ box }) => fits(box, bounds) && !taken.some((t) => overlap(t, box)));
    if (free) taken.push(free.box);
    return { ...(free ?? tries[0]), crowded: !free };
  });
}

function around({ x, y, radius, width, height }) {
  const gap = radius + 4;
  const half = width / 2;
  return [
    { dx: 0, dy: gap + height * 0.75, anchor: "middle" },
    { dx: 0, dy: -gap - height * 0.25, anchor: "middle" },
    { dx: gap, dy: height * 0.33, anchor: "start" },
    { dx: -gap, dy: height * 0.33, anchor: "end" },
  ].map((spot) => {
    const left = x + spot.dx - { middle: half, start: 0, end: width }[spot.anchor];
    const bottom = y + spot.dy + height * 0.25;
    return { ...spot, box: [left, bottom - height, left + width, bottom] };
  });
}

function fits([left, top, right, bottom], { width, height }) {
  return left >= 0 && top >= 0 && right <= width && bottom <= height;
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
