// The matrix on a canvas: pictures scaled to the part that is seen, and on top of them what is only
// readable when it is large enough: names, signs, numbers.

import { bitmaps } from "./bitmap.js";
import { inkOn, scale, step } from "./colours.js";
import { bare } from "./format.js";
import { magnified } from "./ink.js";
import { DOWN, UNKNOWN, UP } from "./matrix.js";
import { drawNames, widest } from "./names.js";
import { following } from "./order.js";
import { dotted, hatched } from "./signs.js";
import { called } from "./text.js";
import { LARGEST, at, fitted, kept, moved, seen, showing, zoomed } from "./viewport.js";

// CSS pixels from which on a cell has a name beside it, a sign in it, a number in it.
const NAMED = 11;
const SIGNED = 9;
const NUMBERED = 34;

const LONGEST_NAME = 150;
const SHORTEST_HEIGHT = 260;

export class Heatmap {
  #canvas;
  #ink;
  #matrix = null;
  #order = [];
  #pictures = null;
  #steps = [];
  #view = null;
  #room = 0;
  #margin = 0;
  #size = { width: 0, height: 0 };
  #pending = false;
  #layer = new OffscreenCanvas(1, 1);
  #names = [];
  cursor = null;

  constructor(canvas, ink) {
    this.#canvas = canvas;
    this.paint(ink);
  }

  /** Other colours. */
  paint(ink) {
    this.#ink = ink;
    this.#steps = scale(ink.dark);
    if (this.#matrix) this.show(this.#matrix, this.#order);
  }

  /** Another matrix, or another order of the same: `order` has the places of its nodes. Pairs that
   * were marked and seen stay so. */
  show(matrix, order) {
    const before = { matrix: this.#matrix ?? matrix, order: this.#matrix ? this.#order : order };
    const follow = following(before, { matrix, order });
    const [row, column] = [this.cursor?.row, this.cursor?.column].map(follow);
    this.cursor = row === undefined || column === undefined ? null : { row, column };
    const zoomedTo = this.isZoomed ? kept(this.#view, follow) : null;
    const same = this.#matrix?.size === matrix.size;
    this.#matrix = matrix;
    this.#order = order;
    this.#pictures = bitmaps(matrix, order, this.#ink);
    this.#names = order.map((place) => called(matrix.nodes[place].name, matrix.nodes[place].id));
    if (!same || !zoomedTo) this.fit();
    if (zoomedTo) this.#goTo(zoomedTo);
  }

  get isZoomed() {
    return this.#view !== null && this.#view.scale > this.#view.least * 1.001;
  }

  /** CSS pixels a cell. */
  get scale() {
    return this.#view?.scale ?? 0;
  }

  /** The row and column in the order shown, at a point of the canvas; null beside them. */
  cellAt(x, y) {
    if (!this.#view) return null;
    return at(this.#view, x - this.#margin, y - this.#margin, this.#matrix.size);
  }

  /** Where a cell is seen: its right lower corner, in pixels of the canvas. */
  cornerOf({ row, column }) {
    const place = (cell, offset) => (cell + 1) * this.#view.scale - offset;
    return {
      x: this.#margin + place(column, this.#view.x),
      y: this.#margin + place(row, this.#view.y),
    };
  }

  /** Show all of it, as large as there is room. */
  fit() {
    const width = this.#canvas.clientWidth;
    if (!this.#matrix || width === 0) return;
    const size = Math.max(this.#matrix.size, 1);
    const tallest = Math.max(SHORTEST_HEIGHT, innerHeight * 0.88);
    const context = this.#canvas.getContext("2d");
    this.#room = widest(context, this.#ink, this.#names, Math.min(LONGEST_NAME * magnified(), width * 0.3));
    let view = fitted(size, width - this.#room, Math.max(tallest - this.#room, 60), LARGEST * magnified());
    this.#margin = view.scale >= NAMED ? this.#room : 0;
    // Where names are too large for all of it, it has their room too.
    if (this.#margin === 0) view = fitted(size, width, Math.min(tallest, (NAMED - 0.1) * size));
    this.#view = view;
    this.#size = {
      width,
      height: Math.ceil(this.#margin + size * view.scale),
    };
    this.#canvas.style.height = `${this.#size.height}px`;
    this.draw();
  }

  zoom(factor, x = this.#size.width / 2, y = this.#size.height / 2) {
    if (!this.#view) return;
    const [inX, inY] = [x - this.#margin, y - this.#margin];
    this.#view = zoomed(this.#view, factor, inX, inY, this.#bounds());
    this.#makeRoom();
    this.draw();
  }

  move(dx, dy) {
    this.#view = moved(this.#view, dx, dy, this.#bounds());
    this.draw();
  }

  #goTo({ scale: wanted, x, y }) {
    this.zoom(wanted / this.scale);
    this.move(x - this.#view.x, y - this.#view.y);
  }

  /** Mark a cell, and bring it into sight if that is asked for. */
  point(cursor, reveal = false) {
    this.cursor = cursor;
    if (cursor && reveal) {
      this.#view = showing(this.#view, cursor.row, cursor.column, this.#bounds());
    }
    this.draw();
  }

  /** Draw at the next frame, once. */
  draw() {
    if (this.#pending || !this.#view) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#drawNow();
    });
  }

  // Names have room when cells become large enough for them; what is seen stays where it is.
  #makeRoom() {
    const margin = this.scale >= NAMED ? this.#room : 0;
    const more = margin - this.#margin;
    this.#margin = margin;
    if (more !== 0) this.#view = moved(this.#view, more, more, this.#bounds());
  }

  #bounds() {
    return {
      width: this.#size.width - this.#margin,
      height: this.#size.height - this.#margin,
      size: this.#matrix.size,
    };
  }

  #drawNow() {
    const dots = devicePixelRatio || 1;
    const { width, height } = this.#size;
    const [w, h] = [Math.round(width * dots), Math.round(height * dots)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) {
      [this.#canvas.width, this.#canvas.height] = [w, h];
    }
    const context = this.#canvas.getContext("2d");
    context.setTransform(dots, 0, 0, dots, 0, 0);
    context.clearRect(0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(this.#margin, this.#margin, width, height);
    context.clip();
    context.translate(this.#margin, this.#margin);
    this.#drawPictures(context, dots);
    if (this.scale >= SIGNED) this.#drawCells(context);
    this.#drawCursor(context);
    context.restore();
    if (this.#margin > 0) this.#drawNames(context);
  }

  #drawPictures(context, dots) {
    const { scale: cell, x, y } = this.#view;
    const whole = cell * this.#matrix.size;
    // Smaller than a dot, rows are mixed: none vanishes. Larger, edges stay sharp.
    context.imageSmoothingEnabled = cell * dots < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#pictures.colours, -x, -y, whole, whole);
    if (cell >= SIGNED) return;
    for (const [mask, sign] of [["unknown", dotted], ["down", hatched]]) {
      if (this.#pictures[mask]) this.#drawMask(context, this.#pictures[mask], sign(this.#ink), dots);
    }
  }

  #drawMask(context, mask, pattern, dots) {
    const layer = this.#layer;
    [layer.width, layer.height] = [this.#canvas.width, this.#canvas.height];
    const over = layer.getContext("2d");
    const whole = this.scale * this.#matrix.size * dots;
    over.imageSmoothingEnabled = this.scale * dots < 1;
    over.drawImage(mask, -this.#view.x * dots, -this.#view.y * dots, whole, whole);
    over.globalCompositeOperation = "source-in";
    over.fillStyle = over.createPattern(pattern, "repeat");
    over.fillRect(0, 0, layer.width, layer.height);
    context.drawImage(layer, 0, 0, layer.width / dots, layer.height / dots);
  }

  #drawCells(context) {
    const { scale: cell, x, y } = this.#view;
    const { width, height, size } = this.#bounds();
    const [top, bottom] = seen(y, cell, height, size);
    const [left, right] = seen(x, cell, width, size);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `${Math.min(13 * magnified(), cell * 0.3)}px ${this.#ink.font}`;
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        this.#drawCell(context, row, column, (column + 0.5) * cell - x, (row + 0.5) * cell - y);
      }
    }
    this.#drawGaps(context, [top, bottom], [left, right]);
  }

  #drawCell(context, row, column, x, y) {
    const place = this.#order[row] * this.#matrix.size + this.#order[column];
    const link = this.#matrix.links[place];
    const arm = Math.min(this.scale * 0.22, 8);
    if (link === DOWN) {
      context.strokeStyle = this.#ink.down;
      context.lineWidth = Math.max(1.5, arm * 0.35);
      context.beginPath();
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm);
      context.lineTo(x - arm, y + arm);
      context.stroke();
    } else if (link === UNKNOWN) {
      context.fillStyle = this.#ink.unknown;
      context.beginPath();
      context.arc(x, y, Math.max(1.2, arm * 0.3), 0, 7);
      context.fill();
    } else if (link === UP && this.scale >= NUMBERED) {
      const time = this.#matrix.rtt[place];
      if (Number.isNaN(time)) return;
      context.fillStyle = inkOn(this.#steps[step(time, ...this.#matrix.range)]);
      context.fillText(bare(time), x, y);
    }
  }

  #drawGaps(context, [top, bottom], [left, right]) {
    const { scale: cell, x, y } = this.#view;
    context.fillStyle = this.#ink.surface;
    for (let row = top; row <= bottom; row += 1) {
      context.fillRect(left * cell - x, row * cell - y - 0.5, (right - left) * cell, 1);
    }
    for (let column = left; column <= right; column += 1) {
      context.fillRect(column * cell - x - 0.5, top * cell - y, 1, (bottom - top) * cell);
    }
  }

  #drawCursor(context) {
    if (!this.cursor) return;
    const { scale: cell, x, y } = this.#view;
    const { width, height, size } = this.#bounds();
    const [left, top] = [this.cursor.column * cell - x, this.cursor.row * cell - y];
    const side = Math.max(cell, 3);
    context.strokeStyle = this.#ink.text;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    const [wide, high] = [Math.min(width, size * cell), Math.min(height, size * cell)];
    context.strokeRect(-1, top, wide + 2, side);
    context.strokeRect(left, -1, side, high + 2);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeRect(left, top, side, side);
  }

  #drawNames(context) {
    const { width, height, size } = this.#bounds();
    const { scale: cell, x, y } = this.#view;
    drawNames(context, {
      ink: this.#ink,
      names: this.#names,
      cursor: this.cursor,
      cell,
      room: this.#margin,
      rows: { cells: seen(y, cell, height, size), shift: this.#margin - y },
      columns: { cells: seen(x, cell, width, size), shift: this.#margin - x },
    });
  }
}
