// What pointers and wheels do to the matrix: one finger or the mouse drags, two fingers or the wheel
// zoom, a short press picks.

// Pixels that a press may move and still pick.
const STILL = 5;

// Cells smaller than this make the wheel zoom; larger ones leave it to the page.
const SMALL = 9;

/**
 * Listen on a canvas. `over(point)` is told where the mouse is (null: nowhere), `picked(point)` what
 * was pressed, and `zoomed()` that the view is another.
 */
export function gestures(canvas, heatmap, { over, picked, zoomed }) {
  const pressed = new Map();
  let travelled = 0;

  const point = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const gap = () => {
    const [one, other] = [...pressed.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };
  const moveOf = (event) => {
    const [before, now] = [pressed.get(event.pointerId), point(event)];
    const width = pressed.size === 2 ? gap() : 0;
    pressed.set(event.pointerId, now);
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (pressed.size === 2) {
      heatmap.zoom(gap() / Math.max(width, 1), now.x, now.y);
      zoomed();
    } else if (heatmap.isZoomed && travelled > STILL) {
      canvas.dataset.dragged = "yes";
      heatmap.move(before.x - now.x, before.y - now.y);
    }
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (pressed.size === 0) travelled = 0;
    pressed.set(event.pointerId, point(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pressed.has(event.pointerId)) moveOf(event);
    if (event.pointerType === "mouse") over(travelled > STILL && pressed.size ? null : point(event));
  });
  const released = (event) => {
    canvas.dataset.dragged = "no";
    if (!pressed.delete(event.pointerId)) return;
    if (event.type === "pointerup" && travelled <= STILL) picked(point(event));
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);
  canvas.addEventListener("pointerleave", () => over(null));
  canvas.addEventListener("blur", () => over(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !heatmap.isZoomed && heatmap.scale >= SMALL) return;
      event.preventDefault();
      const { x, y } = point(event);
      heatmap.zoom(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) * 0.004), x, y);
      zoomed();
    },
    { passive: false },
  );
}
