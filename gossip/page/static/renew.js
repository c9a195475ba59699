// Live changes without loss: what is still there stays the element that it was. So it keeps the focus of
// the keyboard, and what is scrolled stays where it is.

const STOPS = "a[href], button, input, select, summary";

/**
 * Make the children of an element like `wanted`, which are elements or text. What has the same tag and
 * the same `data-key`, or else the same address, is changed in its place, and has the listeners it had.
 */
export function renew(parent, ...wanted) {
  const kept = keyed(parent.childNodes);
  const fresh = wanted.map((child) => (child instanceof Node ? child : new Text(child)));
  const children = [...keyed(fresh)].map(([key, child]) => {
    const before = kept.get(key);
    return before ? become(before, child) : child;
  });
  arrange(parent, children);
}

/**
 * Make these the children of an element. Others are moved around what has the focus: a browser takes it
 * from what is moved. Where that goes, the focus goes to what comes in its place.
 */
export function arrange(parent, children) {
  const before = [...parent.childNodes];
  if (before.length === children.length && before.every((child, at) => children[at] === child)) return;
  const focused = before.findIndex((child) => child.contains(document.activeElement));
  const staying = new Set(children);
  before.filter((child) => !staying.has(child)).forEach((child) => child.remove());
  const fixed = children.indexOf(before[focused]);
  place(parent, children.slice(fixed + 1), null);
  if (fixed >= 0) place(parent, children.slice(0, fixed), children[fixed]);
  else if (focused >= 0) refocus(parent, focused);
}

/** Have a list that is scrolled changed; what is seen first of it is seen there afterwards. */
export function steadily(list, change) {
  const top = list.getBoundingClientRect().top;
  const from = (child) => child.getBoundingClientRect().top - top;
  const seen = list.scrollTop > 0 ? [...list.children].find((child) => from(child) >= 0) : undefined;
  const before = seen && from(seen);
  change();
  if (seen?.isConnected) list.scrollTop += from(seen) - before;
}

function place(parent, children, end) {
  let next = end;
  for (const child of children.toReversed()) {
    if (child.parentNode !== parent || child.nextSibling !== next) parent.insertBefore(child, next);
    next = child;
  }
}

function refocus(parent, at) {
  const next = parent.children[Math.min(at, parent.children.length - 1)];
  const stop = next?.matches(STOPS) ? next : next?.querySelector(STOPS);
  (stop ?? parent.closest("[tabindex]"))?.focus({ preventScroll: true });
}

function keyed(nodes) {
  const found = new Map();
  for (const node of nodes) {
    const kind = `${node.nodeName} ${node.dataset?.key ?? node.getAttribute?.("href") ?? ""}`;
    let number = 0;
    while (found.has(`${kind} ${number}`)) number += 1;
    found.set(`${kind} ${number}`, node);
  }
  return found;
}

function become(before, after) {
  if (before instanceof Text) {
    if (before.data !== after.data) before.data = after.data;
    return before;
  }
  for (const { name } of [...before.attributes]) {
    if (!after.hasAttribute(name)) before.removeAttribute(name);
  }
  for (const { name, value } of after.attributes) {
    if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  }
  renew(before, ...after.childNodes);
  return before;
}
