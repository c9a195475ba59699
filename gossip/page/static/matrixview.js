// The matrix with what is around it: order, zoom, pointer and keys, what a pair is in words, legend.

import { css, scale, valueAt } from "./colours.js";
import { byId, el, named, tell } from "./dom.js";
import { bare, counted, milliseconds, moment, share } from "./format.js";
import { Heatmap } from "./heatmap.js";
import { DOWN, SELF, UNKNOWN, cell } from "./matrix.js";
import { byCloseness, byName, byTag, tagKeys } from "./order.js";
import { renew } from "./renew.js";
import { toPair, toPeer } from "./route.js";
import { dotted, hatched } from "./signs.js";
import { called, safe } from "./text.js";
import { gestures } from "./gestures.js";

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

const ZOOM = 1.5;

export class MatrixView {
  #store;
  #ink;
  #canvas = byId("heat");
  #heatmap;
  #order = [];
  #ordered = { matrix: null, by: null };

  constructor(store, ink) {
    this.#store = store;
    this.#ink = ink;
    this.#heatmap = new Heatmap(this.#canvas, ink);
    store.on(["matrix", "route"], () => this.#render());
    store.on(["matrixProblem"], () => tell(byId("matrix-age"), safe(store.get("matrixProblem"))));
    byId("order").addEventListener("change", () => this.#render());
    new ResizeObserver(() => this.#fit()).observe(this.#canvas.parentElement);
    this.#listen();
  }

  paint(ink) {
    this.#ink = ink;
    this.#heatmap.paint(ink);
    this.#legend();
  }

  #listen() {
    const [canvas, heatmap] = [this.#canvas, this.#heatmap];
    gestures(canvas, heatmap, {
      over: (point) => this.#over(point),
      picked: (point) => this.#open(heatmap.cellAt(point.x, point.y)),
      zoomed: () => this.#marked(),
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => {
      const visible = canvas.matches(":focus-visible");
      if (visible && !heatmap.cursor && this.#order.length) this.#point({ row: 0, column: 0 });
    });
    const buttons = { "zoom-in": ZOOM, "zoom-out": 1 / ZOOM };
    for (const [id, factor] of Object.entries(buttons)) {
      byId(id).addEventListener("click", () => this.#zoom(factor));
    }
    byId("zoom-fit").addEventListener("click", () => this.#fit());
  }

  #render() {
    const matrix = this.#store.get("matrix");
    if (!matrix || this.#store.get("route").view !== "matrix") return;
    this.#orders(matrix);
    const by = byId("order").value;
    if (this.#ordered.matrix !== matrix || this.#ordered.by !== by) {
      this.#order = this.#kept(matrix, by) ?? ordered(matrix, by);
      this.#ordered = { matrix, by };
      this.#heatmap.show(matrix, this.#order);
      this.#legend();
      this.#renewTip();
    } else {
      this.#heatmap.fit();
    }
    const size = counted(matrix.size, "node");
    this.#canvas.setAttribute("aria-label", `Round-trip times between ${size}`);
    tell(byId("matrix-age"), `${size}, ${moment(matrix.time)}`);
    this.#marked();
  }

  // Closeness is a little different each time: rows stay where they are as long as they are the same.
  #kept(matrix, by) {
    const before = this.#ordered;
    if (by !== "closeness" || before.by !== by || before.matrix.size !== matrix.size) return null;
    const places = new Map(matrix.nodes.map(({ id }, place) => [id, place]));
    const order = this.#order.map((place) => places.get(before.matrix.nodes[place].id));
    return order.includes(undefined) ? null : order;
  }

  #orders(matrix) {
    const wanted = ["name", "closeness", ...tagKeys(matrix.nodes).map((key) => `tag ${key}`)];
    const select = byId("order");
    if ([...select.options].map((option) => option.value).join("\n") === wanted.join("\n")) return;
    const chosen = select.value;
    renew(select, ...wanted.map((by) => el("option", { value: by, "data-key": by }, safe(by, 40))));
    select.value = wanted.includes(chosen) ? chosen : wanted[0];
  }

  #over(point) {
    const cursor = point && this.#heatmap.cellAt(point.x, point.y);
    byId("tip").hidden = !cursor;
    this.#heatmap.point(cursor);
    if (!cursor) return;
    const [row, column] = this.#places(cursor);
    byId("tip").replaceChildren(...this.#lines(row, column));
    this.#placeTip(point);
  }

  // Nobody is told anew of the pair: it is shown as it is now.
  #renewTip() {
    const { cursor } = this.#heatmap;
    if (!cursor) byId("tip").hidden = true;
    if (byId("tip").hidden) return;
    const [row, column] = this.#places(cursor);
    byId("tip").replaceChildren(...this.#lines(row, column));
    if (document.activeElement === this.#canvas) this.#placeTip(this.#heatmap.cornerOf(cursor));
  }

  #placeTip({ x, y }) {
    const tip = byId("tip");
    const room = this.#canvas.parentElement;
    const left = x + 18 + tip.offsetWidth > room.clientWidth ? x - tip.offsetWidth - 12 : x + 18;
    const top = y + 18 + tip.offsetHeight > room.clientHeight ? y - tip.offsetHeight - 12 : y + 18;
    tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  }

  #point(cursor) {
    this.#heatmap.point(cursor, true);
    const [row, column] = this.#places(cursor);
    byId("tip").replaceChildren(...this.#lines(row, column));
    byId("tip").hidden = false;
    this.#placeTip(this.#heatmap.cornerOf(cursor));
    tell(byId("pair-told"), this.#sentence(row, column));
  }

  #lines(row, column) {
    const { nodes } = this.#ordered.matrix;
    const [from, to] = [nodes[row], nodes[column]];
    if (row === column) return [el("p", {}, named(from.name, from.id), " itself")];
    return [
      el("p", {}, named(from.name, from.id), " → ", named(to.name, to.id)),
      el("p", {}, this.#says(row, column)),
    ];
  }

  #sentence(row, column) {
    const { nodes } = this.#ordered.matrix;
    const [from, to] = [nodes[row], nodes[column]].map((node) => called(node.name, node.id));
    if (row === column) return `${from} itself`;
    return `${from} to ${to}: ${this.#says(row, column)}`;
  }

  #says(row, column) {
    const { link, rtt, lost } = cell(this.#ordered.matrix, row, column);
    if (link === SELF) return "itself";
    if (link === UNKNOWN) return unknown(this.#ordered.matrix.nodes[row]);
    const loss = Number.isNaN(lost) ? "" : `, ${share(lost)} of pings lost`;
    return link === DOWN ? `down${loss}` : `up, ${milliseconds(rtt)}${loss}`;
  }

  #places({ row, column }) {
    return [this.#order[row], this.#order[column]];
  }

  #open(cursor) {
    if (!cursor) return;
    const { nodes } = this.#ordered.matrix;
    const [row, column] = this.#places(cursor).map((place) => nodes[place].id);
    location.hash = row === column ? toPeer(row) : toPair(row, column);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#order.length === 0) return;
    const { cursor } = this.#heatmap;
    if (event.key in STEPS) this.#point(this.#stepped(cursor, STEPS[event.key]));
    else if (event.key === "Enter") this.#open(cursor);
    else if (event.key === "+" || event.key === "=") this.#zoom(ZOOM);
    else if (event.key === "-") this.#zoom(1 / ZOOM);
    else if (event.key === "0") this.#fit();
    else if (event.key === "Escape") byId("tip").hidden = true;
    else return;
    event.preventDefault();
  }

  #stepped(cursor, [down, right]) {
    if (!cursor) return { row: 0, column: 0 };
    const within = (place) => Math.min(Math.max(place, 0), this.#order.length - 1);
    return { row: within(cursor.row + down), column: within(cursor.column + right) };
  }

  #zoom(factor) {
    const { cursor } = this.#heatmap;
    const point = cursor && this.#heatmap.cornerOf(cursor);
    this.#heatmap.zoom(factor, point?.x, point?.y);
    this.#marked();
  }

  #fit() {
    this.#heatmap.fit();
    this.#marked();
  }

  #marked() {
    if (this.#heatmap.scale === 0) return;
    this.#canvas.dataset.zoomed = this.#heatmap.isZoomed ? "yes" : "no";
    this.#canvas.dataset.cell = this.#heatmap.scale.toFixed(2);
  }

  #legend() {
    const ink = this.#ink;
    const [low, high] = this.#ordered.matrix?.range ?? [0.1, 100];
    byId("legend").replaceChildren(
      ruler(ink, [bare(low), bare(valueAt(0.5, low, high)), milliseconds(high)]),
      el("span", {}, sample(ink["down-ground"], hatched(ink)), "× down"),
      el("span", {}, sample(ink["unknown-ground"], dotted(ink)), "· unknown"),
    );
  }
}

function ordered(matrix, by) {
  if (by === "closeness") return byCloseness(matrix);
  return by.startsWith("tag ") ? byTag(matrix, by.slice(4)) : byName(matrix);
}

function unknown(author) {
  const reasons = {
    mute: "it runs a version that does not say",
    silent: "nobody could ask it",
  };
  return `unknown: ${reasons[author.row] ?? "it does not say"}`;
}

function ruler(ink, ticks) {
  const steps = scale(ink.dark);
  const canvas = el("canvas", { width: steps.length, height: 12, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  steps.forEach((colour, at) => {
    context.fillStyle = css(colour);
    context.fillRect(at, 0, 1, 12);
  });
  const marks = ticks.map((tick) => el("span", {}, tick));
  return el("div", { class: "ruler" }, canvas, el("div", {}, ...marks));
}

function sample(ground, pattern) {
  const canvas = el("canvas", { width: 22, height: 14, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, 22, 14);
  context.fillStyle = context.createPattern(pattern, "repeat");
  context.fillRect(0, 0, 22, 14);
  return canvas;
}
