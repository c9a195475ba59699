// What happens, the newest first.

import { byId, el, named, said } from "./dom.js";
import { milliseconds, moment } from "./format.js";
import { toPeer } from "./route.js";

// Events kept, and those that are shown.
const KEPT = 1000;
const SHOWN = 200;

const SENTENCES = {
  listening: (e) => ["good", "listening", [called(e.id, e), " at ", text(e.addresses?.join(", "))]],
  peer_alive: (e) => ["good", "alive", [who(e), e.first ? ", met for the first time" : ""]],
  peer_dead: (e) => ["bad", "dead", [who(e), ": ", text(e.reason)]],
  peer_left: (e) => ["", "left", [who(e)]],
  verdict: (e) => [e.verdict === "left" ? "" : "warn", "verdict", [who(e), ` ${e.verdict}: `, text(e.reason)]],
  ping: (e) => ["", "ping", [who(e), ` ${milliseconds(e.rtt_ms)} `, text(e.text, 80)]],
  refused: (e) => ["warn", "refused", [text(e.address), ": ", text(e.reason || e.code)]],
  identity_mismatch: (e) => ["warn", "another node", ["at ", text(e.address)]],
  stopping: (e) => ["", "stopping", [text(e.reason)]],
};

export class EventsView {
  #store;
  #events = [];

  constructor(store) {
    this.#store = store;
    byId("events-pings").addEventListener("change", () => this.#render());
    store.on(["events", "route"], () => this.#render());
  }

  /** One more, the newest of all. */
  add(event) {
    this.#events.unshift({ event, element: null });
    const pings = this.#events.filter(({ event: { event: kind } }) => kind === "ping");
    if (pings.length > SHOWN) this.#events.splice(this.#events.indexOf(pings.at(-1)), 1);
    this.#events.length = Math.min(this.#events.length, KEPT);
    this.#store.touch("events");
  }

  #render() {
    const list = byId("events-list");
    if (list.offsetParent === null) return;
    const pings = byId("events-pings").checked;
    const shown = this.#events
      .filter(({ event }) => event.event in SENTENCES && (pings || event.event !== "ping"))
      .slice(0, SHOWN);
    for (const entry of shown) entry.element ??= item(entry.event);
    list.replaceChildren(...shown.map(({ element }) => element));
    byId("events-none").hidden = shown.length > 0;
  }
}

function item(event) {
  const [tone, kind, rest] = SENTENCES[event.event](event);
  const at = new Date(event.time * 1000);
  const time = el("time", { datetime: at.toISOString() }, moment(event.time));
  return el("li", { "data-tone": tone }, time, el("p", {}, el("b", {}, kind), " ", ...rest));
}

function who(event) {
  return el("a", { href: toPeer(event.peer) }, called(event.peer, event));
}

function called(id, event) {
  return named(event.name, id);
}

function text(said_, longest) {
  return said(said_ ?? "", longest);
}
