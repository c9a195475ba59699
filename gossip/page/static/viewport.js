// Which part of a matrix is seen, and how large. Pure: lengths in CSS pixels, places in cells.

/** The largest that a cell becomes when all are shown. */
export const LARGEST = 72;

/** The largest that it can be made. */
const ZOOMED = 72;

/** All of `size` cells a side within a width and a height. */
export function fitted(size, width, height, largest = LARGEST) {
  const scale = Math.max(Math.min(width / size, height / size, largest), 0.01);
  return { scale, least: scale, x: 0, y: 0 };
}

/** Larger or smaller by a factor, with what is at a point staying there. */
export function zoomed(view, factor, x, y, bounds) {
  const scale = Math.min(Math.max(view.scale * factor, view.least), Math.max(ZOOMED, view.least));
  const by = scale / view.scale;
  return held({ ...view, scale, x: (view.x + x) * by - x, y: (view.y + y) * by - y }, bounds);
}

/** Moved by some pixels. */
export function moved(view, dx, dy, bounds) {
  return held({ ...view, x: view.x + dx, y: view.y + dy }, bounds);
}

/** Moved by as little as brings a cell into sight. */
export function showing(view, row, column, bounds) {
  const near = (offset, cell, length) =>
    Math.max(Math.min(offset, cell * view.scale), (cell + 1) * view.scale - length);
  return held(
    { ...view, x: near(view.x, column, bounds.width), y: near(view.y, row, bounds.height) },
    bounds,
  );
}

/** The row and column at a point; null beside the matrix. */
export function at(view, x, y, size) {
  const column = Math.floor((view.x + x) / view.scale);
  const row = Math.floor((view.y + y) / view.scale);
  const inside = x >= 0 && y >= 0 && row >= 0 && column >= 0 && row < size && column < size;
  return inside ? { row, column } : null;
}

/** The same part of another order, where `follow` tells of a place in the one which it is in the other. */
export function kept(view, follow) {
  const along = (offset) => {
    const place = Math.floor(offset / view.scale);
    return offset + ((follow(place) ?? place) - place) * view.scale;
  };
  return { ...view, x: along(view.x), y: along(view.y) };
}

/** First and last (excluded) of the cells that are seen along one axis. */
export function seen(offset, scale, length, size) {
  return [
    Math.max(0, Math.floor(offset / scale)),
    Math.min(size, Math.ceil((offset + length) / scale)),
  ];
}

function held(view, { width, height, size }) {
  const whole = size * view.scale;
  const kept = (offset, length) => Math.min(Math.max(offset, 0), Math.max(whole - length, 0));
  return { ...view, x: kept(view.x, width), y: kept(view.y, height) };
}
