// The theme's colours for what is drawn on canvases, where style sheets do not reach.

import { rgb } from "./colours.js";

const NAMES = [
  ...["surface", "raised", "line", "text", "muted", "accent"],
  ...["down", "down-ground", "unknown", "unknown-ground"],
];

/** The colours by name as CSS has them, the font, and whether it is dark. */
export function ink() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  found.font = getComputedStyle(document.body).fontFamily;
  const [red, green, blue] = rgb(found.surface);
  found.dark = red + green + blue < 384;
  return found;
}

// Pixels of the root's type on a desk.
const DESK = 15;

/** How much larger than on a desk text is, for what is drawn: on a wall one stands further away. */
export function magnified() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / DESK;
}

/** The switch, and what the system says: `changed` is called after either. */
export function follow(select, changed) {
  const root = document.documentElement;
  select.value = root.dataset.theme ?? "auto";
  select.addEventListener("change", () => {
    if (select.value === "auto") delete root.dataset.theme;
    else root.dataset.theme = select.value;
    try {
      localStorage.setItem("theme", select.value);
    } catch {
      // It holds until the page is closed.
    }
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
