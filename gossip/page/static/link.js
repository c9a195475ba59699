// One link: what one node says of another, and its last hour. A peer is what this node says of it.

import { ask } from "./api.js";
import { Cadence } from "./cadence.js";
import { Chart, summary } from "./chart.js";
import { byId, el, named, said, tell } from "./dom.js";
import { bytes, lasting, milliseconds, moment, share } from "./format.js";
import { comparedTexts } from "./order.js";
import { stateOf } from "./peers.js";
import { renew } from "./renew.js";
import { toPair, toPeer } from "./route.js";
import { calledById, everyone, nodeOf, ours } from "./state.js";
import { called, safe } from "./text.js";

export class LinkView {
  #store;
  #ink;
  #chart = new Chart(byId("link-chart"));
  #cadence;
  #shown = null;
  #past = [];
  #said = null;

  constructor(store, ink) {
    this.#store = store;
    this.#ink = ink;
    this.#cadence = new Cadence({
      ask: () => this.#ask(),
      gap: () => 10_000,
      wanted: () => this.#pair() !== null,
    });
    store.on(["route", "status"], () => this.#turn());
    store.on(["peers", "matrix", "route", "status"], () => this.#head());
    byId("link-author").addEventListener("change", (event) => this.#from(event.target.value));
  }

  paint(ink) {
    this.#ink = ink;
    if (this.#pair()) this.#chart.show(this.#past, ink);
  }

  /** Something has changed in the network. */
  hurry() {
    this.#cadence.hurry();
  }

  // Who is asked about whom; null while something else is looked at.
  #pair() {
    const { view, author, peer } = this.#store.get("route") ?? {};
    const us = ours(this.#store);
    if (!us || (view !== "peer" && view !== "pair")) return null;
    return { author: author === undefined || author === "self" ? us : author, peer: peer === "self" ? us : peer };
  }

  #turn() {
    const pair = this.#pair();
    const key = pair && `${pair.author} ${pair.peer}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#chart.clear();
    this.#past = [];
    this.#said = null;
    for (const id of ["link-facts", "link-diagnosis"]) byId(id).replaceChildren();
    for (const id of ["link-problem", "link-caption", "link-age"]) tell(byId(id), "");
    if (!pair) return;
    this.#diagnosis(pair);
    this.#cadence.anew();
  }

  #head() {
    const pair = this.#pair();
    if (!pair) return;
    const { author, peer } = pair;
    this.#authors(pair);
    if (this.#said) this.#tellFacts();
    const names = [author, peer].map((id) => `${id} ${nodeOf(this.#store, id).name}`).join();
    if (byId("link-title").dataset.names === names) return;
    byId("link-title").dataset.names = names;
    const name = (id) => named(nodeOf(this.#store, id).name, id);
    const same = author === peer;
    byId("link-title").replaceChildren(
      ...(same || author === ours(this.#store) ? [name(peer)] : [name(author), el("span", {}, "→"), name(peer)]),
    );
    byId("link-author").parentElement.hidden = same && author === ours(this.#store);
  }

  #authors({ author, peer }) {
    const select = byId("link-author");
    const others = everyone(this.#store).filter(({ id }) => id !== peer);
    const key = others.map(({ id, name }) => `${id}${name}`).join();
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      others.sort((a, b) => comparedTexts(called(a.name, a.id), called(b.name, b.id)));
      const options = others.map(({ id, name }) =>
        el("option", { value: id, "data-key": id }, safe(called(name, id), 40)),
      );
      renew(select, ...options);
    }
    select.value = author;
  }

  #from(author) {
    const { peer } = this.#pair();
    location.hash = author === ours(this.#store) ? toPeer(peer) : toPair(author, peer);
  }

  async #ask() {
    const { author, peer } = this.#pair();
    const asked = this.#shown;
    try {
      const answer = await this.#answer(author, peer);
      if (asked === this.#shown) this.#show(answer);
    } catch (problem) {
      if (asked === this.#shown) tell(byId("link-problem"), safe(problem.message));
    }
  }

  async #answer(author, peer) {
    const us = ours(this.#store);
    const path = (id) => (id === us ? "self" : encodeURIComponent(id));
    if (author === peer) return { pair: null, past: [] };
    const pair = await ask(`pairs/${path(author)}/${path(peer)}`);
    // Own pings are known best here, and cost nobody anything.
    const past = author === us ? await ask(`peers/${path(peer)}/past`) : pair.past;
    return { pair, past };
  }

  #show({ pair, past }) {
    this.#said = { pair };
    tell(byId("link-problem"), "");
    this.#tellFacts();
    byId("link-figure").hidden = !pair;
    if (!pair) return;
    tell(byId("link-caption"), `Round-trip time of the last hour. ${summary(past)}`);
    this.#past = past;
    this.#chart.show(past, this.#ink);
  }

  #tellFacts() {
    const { pair } = this.#said;
    tell(byId("link-age"), pair ? this.#told(pair) : "");
    const facts = pair ? this.#facts(pair) : this.#self(this.#pair().author);
    renew(byId("link-facts"), ...facts.map(fact));
  }

  #told({ author, through, age_s: age }) {
    if (author === ours(this.#store)) return "as this node has it";
    const by = through === null ? "" : `, through ${calledById(this.#store, through)}`;
    return `as it said ${lasting(age)} ago${by}`;
  }

  #facts(pair) {
    const { peer } = this.#pair();
    const node = nodeOf(this.#store, peer);
    const rtt = pair.rtt_ms;
    const other = el("a", { href: toPair(peer, this.#pair().author) }, "what the other side says");
    return [
      ["Link", stateOf(pair.state)],
      ["Since", moment(pair.since)],
      ["Round trip, mean", milliseconds(rtt?.mean)],
      ["Half are below", milliseconds(rtt?.p50)],
      ["99 of 100 are below", milliseconds(rtt?.p99)],
      ["Jitter", milliseconds(rtt?.jitter)],
      ["Pings lost", share(pair.lost)],
      ["Lost within the hour", pair.losses === 1 ? "once" : `${pair.losses} times`],
      ["Heard last", pair.quiet_s === null ? "never" : `${lasting(pair.quiet_s)} ago`],
      ["Dialed by", dialer(pair, this.#store)],
      ["In, out", `${bytes(pair.bytes_in)}, ${bytes(pair.bytes_out)}`],
      ["The other way", other],
      ...about(node),
    ];
  }

  #self(id) {
    const status = this.#store.get("status");
    if (id !== status.id) return about(nodeOf(this.#store, id));
    return [
      ["Runs since", moment(status.started)],
      ["Version", said(status.version)],
      ["Period", `${status.period_s} s`],
      ["Heartbeat", `${status.heartbeat_s} s`],
      ["Listens at", said(status.addresses.join(", "))],
      ...about(status),
    ];
  }

  #diagnosis({ author, peer }) {
    if (author !== ours(this.#store) || author === peer) return;
    const button = el("button", { type: "button" }, "Ask the others what is wrong with it");
    const told = el("ul");
    button.addEventListener("click", async () => {
      if (button.ariaDisabled) return;
      // It keeps the focus, which what is disabled does not.
      button.ariaDisabled = "true";
      try {
        const { sentences } = await ask(`peers/${encodeURIComponent(peer)}/diagnosis`);
        told.replaceChildren(...sentences.map((sentence) => el("li", {}, said(sentence))));
      } catch (problem) {
        told.replaceChildren(el("li", {}, safe(problem.message)));
      }
      button.ariaDisabled = null;
    });
    byId("link-diagnosis").replaceChildren(button, el("div", { role: "status" }, told));
  }
}

function about(node) {
  const tags = Object.entries(node.tags ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    ...(node.addresses && node.state ? [["Address", said(node.address ?? node.addresses.join(", "))]] : []),
    ...(tags.length ? [["Tags", said(tags.join(" "))]] : []),
    ["Id", said(node.id), "wide"],
  ];
}

function dialer({ direction, author, peer }, store) {
  if (direction === null) return "–";
  const id = direction === "dialed" ? author : peer;
  return named(nodeOf(store, id).name, id);
}

function fact([term, description, wide]) {
  const shown = [el("dt", {}, term), el("dd", {}, description)];
  return el("div", { class: wide ?? null, "data-key": term }, ...shown);
}
