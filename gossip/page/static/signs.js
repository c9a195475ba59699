// The signs of what has no colour of its own: hatched is down, dotted is unknown. They are small
// pictures that are repeated, so also told apart where a cell is a dot or two.

/** Slanted lines. */
export function hatched(ink) {
  return tile(5, (context) => {
    context.strokeStyle = ink.down;
    context.lineWidth = 2;
    context.beginPath();
    for (const shift of [-5, 0, 5]) {
      context.moveTo(shift - 1, 6);
      context.lineTo(shift + 6, -1);
    }
    context.stroke();
  });
}

/** Dots. */
export function dotted(ink) {
  return tile(5, (context) => {
    context.fillStyle = ink.unknown;
    context.fillRect(1, 1, 2, 2);
  });
}

/** A text cut with an ellipsis to some pixels, in the font that is set. */
export function shortened(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const characters = [...text];
  let [least, most] = [0, characters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const cut = characters.slice(0, middle).join("") + "…";
    if (context.measureText(cut).width <= room) least = middle;
    else most = middle - 1;
  }
  return characters.slice(0, least).join("") + "…";
}

function tile(side, draw) {
  const canvas = new OffscreenCanvas(side, side);
  draw(canvas.getContext("2d"));
  return canvas;
}
