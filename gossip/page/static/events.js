// What happens, the newest first.

import { byId, el, named, said } from "./dom.js";
import { milliseconds, moment } from "./format.js";
import { arrange, steadily } from "./renew.js";
import { toPeer } from "./route.js";

// Events that are kept and shown; as many pings.
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
  #pings = [];
  #added = 0;

  constructor(store) {
    this.#store = store;
    byId("events-pings").addEventListener("change", () => this.#render());
    store.on(["events", "route"], () => this.#render());
  }

  /** One more, the newest of all. */
  add(event) {
    if (!(event.event in SENTENCES)) return;
    const ping = event.event === "ping";
    const list = ping ? this.#pings : this.#events;
    this.#added += 1;
    list.unshift({ event, element: null, at: this.#added });
    list.length = Math.min(list.length, SHOWN);
    if (!ping || byId("events-pings").checked) this.#store.touch("events");
  }

  #render() {
    const list = byId("events-list");
    if (list.offsetParent === null) return;
    const pings = byId("events-pings").checked ? this.#pings : [];
    const shown = [...this.#events, ...pings].sort((a, b) => b.at - a.at).slice(0, SHOWN);
    for (const entry of shown) entry.element ??= item(entry.event);
    steadily(list, () => arrange(list, shown.map(({ element }) => element)));
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
