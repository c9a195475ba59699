// Peers as a table: sorted by any column, filtered by what somebody types. Rows are kept and changed in
// their places, so that a thousand peers cost little at each change.

import { byId, el, named, said, tell } from "./dom.js";
import { bytes, count, counted, milliseconds, moment, share } from "./format.js";
import { comparedTexts } from "./order.js";
import { arrange, renew } from "./renew.js";
import { toPeer } from "./route.js";
import { called, safe, short } from "./text.js";

// What somebody has to look at comes first.
const STATES = ["dead", "unreachable", "alive", "unmet", "left"];

// Rows that a browser scrolls without effort; who looks for one of more than these filters.
const MOST = 2000;

const COLUMNS = [
  { key: "name", title: "Name", of: ({ peer }) => called(peer.name, peer.id) },
  { key: "state", title: "State", of: ({ peer }) => STATES.indexOf(peer.state) },
  { key: "rtt", title: "Round trip", number: true, of: ({ peer }) => peer.rtt_ms },
  { key: "p99", title: "p99", number: true, minor: true, of: ({ link }) => link?.rtt_ms.p99 },
  { key: "lost", title: "Lost", number: true, of: ({ link }) => lostShare(link) },
  { key: "seen", title: "Last linked", minor: true, of: ({ peer }) => peer.last_linked },
  { key: "bytes", title: "Bytes", number: true, minor: true, of: ({ link }) => traffic(link) },
  { key: "address", title: "Address", minor: true, of: ({ peer }) => peer.address },
  { key: "tags", title: "Tags", minor: true, of: ({ peer }) => tagText(peer) },
];

export class PeersView {
  #store;
  #sort = { key: "state", down: false };
  #rows = new Map();
  #table = byId("peers-table");
  #body = el("tbody");

  constructor(store) {
    this.#store = store;
    this.#table.append(el("thead", {}, el("tr", {}, ...this.#heads())), this.#body);
    const states = ["all", ...STATES].map((state) => el("option", { value: state }, state));
    byId("peers-state").append(...states);
    store.on(["peers", "links", "times", "route"], () => this.#render());
    byId("peers-filter").addEventListener("input", () => this.#render());
    byId("peers-state").addEventListener("change", () => this.#render());
  }

  #heads() {
    return COLUMNS.map((column) => {
      const button = el("button", { type: "button" }, column.title);
      button.addEventListener("click", () => this.#by(column.key));
      return el("th", { scope: "col", class: classes(column), "data-key": column.key }, button);
    });
  }

  #by(key) {
    this.#sort = { key, down: this.#sort.key === key && !this.#sort.down };
    this.#render();
  }

  #render() {
    const peers = this.#store.get("peers");
    if (!peers || this.#store.get("route").view !== "peers") return;
    const links = this.#store.get("links") ?? new Map();
    const all = [...peers.values()].map((peer) => ({ peer, link: links.get(peer.id) }));
    const shown = all.filter(fitting(byId("peers-filter").value, byId("peers-state").value));
    shown.sort(comparison(this.#sort));
    this.#mark();
    const kept = new Map();
    const rows = shown.slice(0, MOST).map((entry) => {
      const row = this.#rows.get(entry.peer.id) ?? new Row();
      row.show(entry);
      kept.set(entry.peer.id, row);
      return row.element;
    });
    for (const { peer } of all) {
      if (!kept.has(peer.id) && this.#rows.has(peer.id)) kept.set(peer.id, this.#rows.get(peer.id));
    }
    this.#rows = kept;
    arrange(this.#body, rows);
    const whole = counted(all.length, "peer");
    tell(
      byId("peers-count"),
      rows.length === all.length ? whole : `${count(rows.length)} of ${whole}`,
    );
  }

  #mark() {
    for (const head of this.#table.tHead.rows[0].cells) {
      if (head.dataset.key !== this.#sort.key) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
    }
  }
}

class Row {
  element = el("tr");
  #shown = "";

  show({ peer, link }) {
    const texts = [
      milliseconds(peer.rtt_ms),
      milliseconds(link?.rtt_ms.p99),
      share(lostShare(link)),
      peer.state === "alive" ? "now" : moment(peer.last_linked),
      link ? bytes(traffic(link)) : "–",
    ];
    const key = JSON.stringify([peer.name, peer.state, peer.address, peer.tags, texts]);
    if (key === this.#shown) return;
    this.#shown = key;
    const [rtt, p99, lost, seen, traffics] = texts;
    const number = (text, column) => el("td", { class: classes(column) }, text);
    renew(
      this.element,
      el("th", { scope: "row" }, el("a", { href: toPeer(peer.id) }, named(peer.name, peer.id))),
      el("td", {}, stateOf(peer.state)),
      number(rtt, COLUMNS[2]),
      number(p99, COLUMNS[3]),
      number(lost, COLUMNS[4]),
      el("td", { class: "minor quiet" }, seen),
      number(traffics, COLUMNS[6]),
      el("td", { class: "minor quiet" }, said(peer.address ?? "–", 40)),
      el("td", { class: "minor quiet" }, tags(peer)),
    );
  }
}

/** A state with its sign. */
export function stateOf(state) {
  return el("span", { class: "state", "data-state": state }, state);
}

function fitting(text, state) {
  const wanted = text.trim().toLowerCase();
  return ({ peer }) =>
    (state === "all" || peer.state === state) &&
    (wanted === "" || haystack(peer).some((hay) => hay.toLowerCase().includes(wanted)));
}

function haystack(peer) {
  return [safe(peer.name), short(peer.id), safe(peer.address ?? ""), safe(tagText(peer))];
}

function comparison({ key, down }) {
  const { of } = COLUMNS.find((column) => column.key === key);
  return (one, other) => {
    const [a, b] = [of(one) ?? null, of(other) ?? null];
    // What there is none of comes last, whichever way.
    if (a === null || b === null) return (a === null) - (b === null) || byNames(one, other);
    const order = typeof a === "string" ? comparedTexts(a, b) : a - b;
    return (down ? -order : order) || byNames(one, other);
  };
}

function byNames(one, other) {
  return (
    comparedTexts(called(one.peer.name, one.peer.id), called(other.peer.name, other.peer.id)) ||
    comparedTexts(one.peer.id, other.peer.id)
  );
}

function classes({ number, minor }) {
  return [number && "number", minor && "minor"].filter(Boolean).join(" ") || null;
}

function lostShare(link) {
  return link?.pings_sent ? link.pings_missed / link.pings_sent : null;
}

function traffic(link) {
  return link ? link.bytes_in + link.bytes_out : null;
}

function tagText(peer) {
  return Object.entries(peer.tags).map(([key, value]) => `${key}=${value}`).join(" ");
}

function tags(peer) {
  const text = said(tagText(peer) || "–", 120);
  text.className = "name tags";
  return text;
}
