// Elements are made here, and nowhere from markup: all text of peers becomes text nodes.

import { called, safe, short } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (null: without it) and children, which are elements or text. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same within a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** A node's name, apart from the text around it; whole, with its id, in its title. */
export function named(name, id) {
  return el("bdi", { class: "name", title: `${safe(name)} (${short(id)})` }, called(name, id));
}

/** Text of a peer other than its name. */
export function said(text, longest) {
  return el("bdi", { title: safe(text) }, safe(text, longest));
}

/** Change the text of an element, unless it says so already: screen readers read what changes. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The element of the page with an id. */
export function byId(id) {
  return document.getElementById(id);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
