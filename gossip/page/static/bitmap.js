// A matrix as pictures of one pixel a pair, made once for each answer and scaled ever after.

import { rgb, scale, step } from "./colours.js";
import { DOWN, SELF, UNKNOWN, UP } from "./matrix.js";

/**
 * `{colours, down, unknown}`: all pairs in colour, and masks of those that are down and unknown (null
 * where there are none), in an order of rows and columns.
 */
export function bitmaps(matrix, order, ink) {
  const [low, high] = matrix.range;
  const tones = palette(ink);
  const size = matrix.size;
  const colours = new Uint32Array(size * size);
  const masks = { [DOWN]: null, [UNKNOWN]: null };
  for (let row = 0; row < size; row += 1) {
    const begin = order[row] * size;
    for (let column = 0; column < size; column += 1) {
      const from = begin + order[column];
      const to = row * size + column;
      const link = matrix.links[from];
      colours[to] = link === UP ? tones.up(matrix.rtt[from], low, high) : tones[link];
      if (link in masks) (masks[link] ??= new Uint32Array(size * size))[to] = 0xff000000;
    }
  }
  return {
    colours: picture(colours, size),
    down: masks[DOWN] && picture(masks[DOWN], size),
    unknown: masks[UNKNOWN] && picture(masks[UNKNOWN], size),
  };
}

function palette(ink) {
  const steps = Uint32Array.from(scale(ink.dark), pixel);
  const plain = pixel(rgb(ink.raised));
  return {
    up: (time, low, high) => (Number.isNaN(time) ? plain : steps[step(time, low, high)]),
    [DOWN]: pixel(rgb(ink["down-ground"])),
    [UNKNOWN]: pixel(rgb(ink["unknown-ground"])),
    [SELF]: pixel(rgb(ink.surface)),
  };
}

function pixel([red, green, blue]) {
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}

function picture(pixels, size) {
  const canvas = new OffscreenCanvas(Math.max(size, 1), Math.max(size, 1));
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), size, size);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
