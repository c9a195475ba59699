// What is wrong with the network: the whole in one sentence, what is found below it, worst first.

import { byId, el, named, said, tell } from "./dom.js";
import { count, counted, moment } from "./format.js";
import { toPair, toPeer } from "./route.js";
import { nodeOf, ours } from "./state.js";
import { safe } from "./text.js";

// Findings shown before the rest is folded away, all that are shown, and those named in one.
const FIRST = 4;
const MOST = 200;
const NAMED = 6;

const RANKS = { error: 0, warning: 1, note: 2 };
const STATES = ["alive", "unreachable", "dead", "left", "unmet"];

export class FindingsView {
  #store;
  #shown = "";

  constructor(store) {
    this.#store = store;
    store.on(["report", "live", "peers", "matrix"], () => this.#render());
    store.on(["status"], () => this.#counts());
  }

  #render() {
    const report = this.#store.get("report");
    if (!report) return;
    const sentence = byId("sentence");
    tell(sentence, safe(report.sentence));
    sentence.dataset.severity = severity(report);
    document.title = `${report.ok ? "✓" : "!"} ${safe(report.sentence, 60)} · p2p-gossip`;
    const answered = `${count(report.answered)} of ${counted(report.asked, "node")} answered`;
    const stale = this.#store.get("live")?.on === false ? "; this is what was known then" : "";
    tell(byId("asked"), `${answered}, ${moment(report.time)}${stale}`);
    this.#list(report.findings);
  }

  #list(findings) {
    const ids = findings.flatMap(({ peers, pairs }) => [...peers, ...pairs.flat()]).slice(0, MOST);
    const key = JSON.stringify([findings, ids.map((id) => nodeOf(this.#store, id).name)]);
    if (key === this.#shown) return;
    this.#shown = key;
    const sorted = findings
      .map((finding, at) => ({ finding, at }))
      .sort((a, b) => RANKS[a.finding.severity] - RANKS[b.finding.severity] || a.at - b.at)
      .slice(0, MOST)
      .map(({ finding }) => this.#finding(finding));
    const shown = [el("div", { role: "list", "aria-label": "Findings" }, ...sorted.slice(0, FIRST))];
    if (sorted.length > FIRST) {
      const open = byId("findings").querySelector("details")?.open;
      shown.push(
        el(
          "details",
          { open: open ? "" : null },
          el("summary", {}, `${counted(findings.length - FIRST, "more finding")}`),
          el("div", { role: "list", "aria-label": "More findings" }, ...sorted.slice(FIRST)),
        ),
      );
    }
    byId("findings").replaceChildren(...(sorted.length ? shown : []));
  }

  #finding({ severity: level, sentence, since, peers, pairs }) {
    const about = [
      since === null ? null : el("span", {}, `since ${moment(since)}`),
      ...peers.slice(0, NAMED).map((id) => this.#peer(id)),
      ...pairs.slice(0, NAMED).map((pair) => this.#pair(pair)),
      rest(peers.length + pairs.length - Math.min(peers.length, NAMED) - Math.min(pairs.length, NAMED)),
    ];
    return el(
      "div",
      { class: "finding", role: "listitem" },
      el("span", { class: "severity", "data-severity": level }, level),
      el("div", {}, el("p", {}, said(sentence)), el("p", { class: "about" }, ...about)),
    );
  }

  #peer(id) {
    return el("a", { href: toPeer(id) }, this.#named(id));
  }

  #pair([author, peer]) {
    const href = toPair(author, peer);
    return el("a", { href }, this.#named(author), el("span", {}, "→"), this.#named(peer));
  }

  #named(id) {
    return named(nodeOf(this.#store, id).name, id);
  }

  #counts() {
    const status = this.#store.get("status");
    const shown = STATES.filter((state) => state === "alive" || status.peers[state]);
    byId("counts").replaceChildren(
      ...shown.map((state) => el("li", {}, el("b", {}, count(status.peers[state] ?? 0)), ` ${worded(state, status.peers[state])}`)),
    );
    byId("node").replaceChildren(
      "seen from ",
      el("a", { href: toPeer(ours(this.#store)) }, named(status.name, status.id)),
      status.network === "default" ? "" : ` in ${safe(status.network, 40)}`,
    );
  }
}

function severity(report) {
  if (report.ok) return "ok";
  const errors = report.findings.some((finding) => finding.severity === "error");
  return errors ? "error" : "warning";
}

function worded(state, number) {
  return state === "alive" ? `${number === 1 ? "peer" : "peers"} alive` : state;
}

function rest(more) {
  return more > 0 ? el("span", {}, `and ${count(more)} more`) : null;
}
