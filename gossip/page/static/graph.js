// The mesh as a drawing: nodes that answer each other sooner stand nearer, broken pairs stand out.

import { byId, el, svg } from "./dom.js";
import { count, counted } from "./format.js";
import { magnified } from "./ink.js";
import { edges, labelled, placed, stretched } from "./layout.js";
import { DOWN } from "./matrix.js";
import { renew } from "./renew.js";
import { toPeer } from "./route.js";
import { nodeOf } from "./state.js";
import { called, safe, short } from "./text.js";

/** Nodes that a drawing can show; of more, the lines between them would be one blot. */
export const MOST = 60;

// Nodes up to which each line is as strong as a line can be.
const FULL = 20;

const LONGEST_NAME = 22;
// As `views.css` has it.
const FONT = 12;

export class GraphView {
  #store;
  #places = null;
  #width = 0;
  #drawn = "";
  #shape = "";

  constructor(store) {
    this.#store = store;
    store.on(["matrix", "peers", "route"], () => this.#render());
    new ResizeObserver(() => this.#resized()).observe(byId("mesh"));
    for (const event of ["pointerover", "focusin"]) byId("mesh").addEventListener(event, point);
  }

  #resized() {
    if (byId("mesh").clientWidth !== this.#width) this.#render();
  }

  #render() {
    const matrix = this.#store.get("matrix");
    if (!matrix || this.#store.get("route").view !== "graph") return;
    this.#width = byId("mesh").clientWidth;
    if (matrix.size <= MOST) {
      this.#draw(matrix);
      return;
    }
    this.#drawn = "";
    renew(byId("mesh"), tooMany(matrix.size));
  }

  #draw(matrix) {
    const pairs = edges(matrix, DOWN);
    const width = Math.max(280, this.#width);
    const height = Math.max(300, Math.min(width * 0.62, innerHeight * 0.75));
    const shape = JSON.stringify(pairs.map(({ source, target, link }) => [source, target, link]));
    const nodes = matrix.nodes.map(({ id, name }) => [id, name, nodeOf(this.#store, id).state]);
    const drawn = JSON.stringify([width, height, nodes, shape]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    // Round trips differ a little each time: nodes stay where they are until a pair is another.
    if (shape !== this.#shape || !matrix.nodes.every(({ id }) => this.#places?.has(id))) {
      this.#places = placed(matrix.nodes, pairs, matrix.range, this.#places);
    }
    this.#shape = shape;
    this.#paint(matrix, pairs, { width, height });
  }

  #paint(matrix, pairs, { width, height }) {
    const spots = stretched(this.#places, width, height, Math.min(60, width * 0.09));
    const radius = (width < 600 ? 7 : 9) * magnified();
    const drawing = svg("svg", {
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": summary(matrix, pairs),
    });
    drawing.append(svg("g", { "aria-hidden": "true" }, ...this.#lines(pairs, spots)));
    drawing.append(...this.#nodes(matrix, spots, { width, height, radius }));
    renew(byId("mesh"), drawing);
    point({ target: byId("mesh").querySelector("a:focus, a:hover") });
  }

  // Nobody hears who is gone: lines to it would say it once for each that is left.
  #lines(pairs, spots) {
    const faint = Math.min(1, FULL / this.#places.size).toFixed(2);
    const gone = (id) => ["dead", "left"].includes(nodeOf(this.#store, id).state);
    return pairs.map((pair) => {
      const drawn = line(pair, spots, gone(pair.source) || gone(pair.target));
      if (pair.link === "up") drawn.setAttribute("stroke-opacity", faint);
      return drawn;
    });
  }

  #nodes(matrix, spots, { width, height, radius }) {
    const texts = matrix.nodes.map((node) => safe(called(node.name, node.id), LONGEST_NAME));
    const widths = measured(texts);
    const names = labelled(
      matrix.nodes.map(({ id }, at) => ({
        ...spots.get(id),
        radius,
        width: widths[at],
        height: FONT * 1.25 * magnified(),
      })),
      { width, height },
    );
    return matrix.nodes.map((node, at) => {
      const { x, y } = spots.get(node.id);
      const { state } = nodeOf(this.#store, node.id);
      const whole = `${called(node.name, node.id)} (${short(node.id)}), ${state}`;
      return svg(
        "a",
        {
          href: toPeer(node.id),
          "data-key": node.id,
          transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
          "data-state": state,
          "aria-label": whole,
        },
        svg("title", {}, whole),
        mark(state, radius),
        label(texts[at], names[at]),
      );
    });
  }
}

function tooMany(size) {
  const matrix = el("a", { href: "#matrix" }, "The matrix");
  return el(
    "p",
    {},
    `The drawing shows up to ${MOST} nodes; with the ${count(size)} of this network it would be one blot. `,
    matrix,
    " shows all of them.",
  );
}

function summary(matrix, pairs) {
  const broken = pairs.filter(({ link }) => link === "down").length;
  const whole = `${counted(matrix.size, "node")}, ${counted(pairs.length - broken, "pair")} linked`;
  return broken ? `${whole}, ${broken} broken` : whole;
}

function line({ source, target, link }, spots, gone) {
  const [from, to] = [spots.get(source), spots.get(target)];
  return svg("line", {
    class: "edge",
    x1: from.x.toFixed(1),
    y1: from.y.toFixed(1),
    x2: to.x.toFixed(1),
    y2: to.y.toFixed(1),
    "data-link": link,
    "data-gone": gone ? "yes" : null,
    "data-key": `${source} ${target}`,
  });
}

// Each state has a shape: circle, square on its side, cross.
function mark(state, radius) {
  if (state === "unreachable") {
    const side = radius * 1.25;
    return svg("path", { class: "mark", d: `M0 ${-side}L${side} 0L0 ${side}L${-side} 0z` });
  }
  if (state === "dead") {
    const [arm, thick] = [radius, radius * 0.42];
    const d =
      `M${-arm} ${-thick}H${-thick}V${-arm}H${thick}V${-thick}H${arm}V${thick}` +
      `H${thick}V${arm}H${-thick}V${thick}H${-arm}z`;
    return svg("path", { class: "mark", d, transform: "rotate(45)" });
  }
  return svg("circle", { class: "mark", r: radius });
}

function label(text, { dx, dy, anchor, crowded }) {
  return svg(
    "text",
    {
      x: dx.toFixed(1),
      y: dy.toFixed(1),
      "text-anchor": anchor,
      "data-crowded": crowded ? "yes" : null,
    },
    text,
  );
}

function measured(texts) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.font = `${FONT * magnified()}px ${getComputedStyle(document.body).fontFamily}`;
  return texts.map((text) => context.measureText(text).width + 4);
}

// The lines of the node that is looked at stand out.
function point({ target }) {
  const id = target?.closest("a")?.dataset.key;
  for (const edge of byId("mesh").querySelectorAll(".edge")) {
    const near = id !== undefined && edge.dataset.key.split(" ").includes(id);
    edge.toggleAttribute("data-near", near);
  }
}
