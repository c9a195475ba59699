// Colours by round-trip time: one scale from light to dark, told apart by lightness alone, so by the
// colour-blind and in grey too. In the dark it runs the other way: what is slow stands out. Pure.

const LIGHT = ["#f3f7dd", "#d3eacb", "#9bd3c2", "#62b5bf", "#4090b5", "#3369a1", "#2b4788"];
const DARK = ["#1d2747", "#23467a", "#27709a", "#3f9aa6", "#7cc3a6", "#c2e2a0", "#fbf6bd"];

/** Steps of a scale. */
export const STEPS = 256;

/** The scale for a background, as [red, green, blue] a step. */
export function scale(dark) {
  const anchors = (dark ? DARK : LIGHT).map((text) => rgb(text).map(linear));
  return Array.from({ length: STEPS }, (_, step) => {
    const place = (step / (STEPS - 1)) * (anchors.length - 1);
    const at = Math.min(Math.floor(place), anchors.length - 2);
    return anchors[at].map((from, i) => encoded(from + (anchors[at + 1][i] - from) * (place - at)));
  });
}

/** Which step a value has between two others, on a logarithmic ruler. */
export function step(value, low, high) {
  const place = Math.log(Math.max(value, low) / low) / Math.log(high / low);
  return Math.min(STEPS - 1, Math.round(place * (STEPS - 1)));
}

/** The value at a place, 0 to 1, on that ruler. */
export function valueAt(place, low, high) {
  return low * (high / low) ** place;
}

/** [red, green, blue] of #rrggbb or of rgb(…), as browsers compute it. */
export function rgb(text) {
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

/** Relative luminance (WCAG 2). */
export function luminance(colour) {
  const [red, green, blue] = colour.map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours, 1 to 21 (WCAG 2). */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** As CSS has it. */
export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** Black or white, whichever is read better on a colour. */
export function inkOn(colour) {
  return contrast(colour, [0, 0, 0]) > contrast(colour, [255, 255, 255]) ? "#000" : "#fff";
}

function linear(channel) {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function encoded(value) {
  const channel = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(channel * 255);
}
