// Names of rows and columns beside the matrix.

import { magnified } from "./ink.js";
import { shortened } from "./signs.js";

// Pixels between a name and the cells, and beyond it.
const GAP = 6;

/** Pixels that the longest of some names takes, but no more than `most`. */
export function widest(context, ink, names, most) {
  context.font = `${13 * magnified()}px ${ink.font}`;
  let found = 0;
  for (const name of names) {
    found = Math.max(found, context.measureText(name).width);
    if (found >= most) return most;
  }
  return Math.min(most, found + 14);
}

/**
 * Draw them into the `room` that is left of the cells and above them. `rows` and `columns` have the
 * first and last of the `cells` that are seen, and by how much these are shifted.
 */
export function drawNames(context, { ink, names, cursor, cell, room, rows, columns }) {
  context.font = `${Math.min(13 * magnified(), Math.max(10, cell * 0.6))}px ${ink.font}`;
  context.textBaseline = "middle";
  const text = (place) => shortened(context, names[place], room - GAP - 4);
  const colour = (marked) => (marked ? ink.text : ink.muted);
  context.textAlign = "right";
  each(rows, cell, (row, middle) => {
    if (middle < room) return;
    context.fillStyle = colour(row === cursor?.row);
    context.fillText(text(row), room - GAP, middle);
  });
  context.textAlign = "left";
  each(columns, cell, (column, middle) => {
    if (middle < room) return;
    context.fillStyle = colour(column === cursor?.column);
    context.save();
    context.translate(middle, room - GAP);
    context.rotate(-Math.PI / 2);
    context.fillText(text(column), 0, 0);
    context.restore();
  });
}

function each({ cells: [first, last], shift }, cell, draw) {
  for (let place = first; place < last; place += 1) draw(place, (place + 0.5) * cell + shift);
}
