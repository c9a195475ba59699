// What is wrong with the network: the whole in one sentence, what is found below it, worst first.

import { byId, el, named, said, tell } from "./dom.js";
import { count, counted, moment } from "./format.js";
import { renew } from "./renew.js";
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
    this.#list(told(report));
  }

  #list(findings) {
    const ids = findings.flatMap(({ peers, pairs }) => [...peers, ...pairs.flat()]).slice(0, MOST);
    const key = JSON.stringify([findings, ids.map((id) => nodeOf(this.#store, id).name)]);
    if (key === this.#shown) return;
    this.#shown = key;
    const sorted = findings.slice(0, MOST).map((finding) => this.#finding(finding));
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
    renew(byId("findings"), ...(sorted.length ? shown : []));
  }

  #finding({ kind, severity: level, sentence, since, peers, pairs, more_pairs: unnamed }) {
    const about = [
      since === null ? null : el("span", {}, `since ${moment(since)}`),
      ...peers.slice(0, NAMED).map((id) => this.#peer(id)),
      ...pairs.slice(0, NAMED).map((pair) => this.#pair(pair)),
      rest(Math.max(0, peers.length - NAMED) + Math.max(0, pairs.length - NAMED) + unnamed),
    ];
    return el(
      "div",
      { class: "finding", role: "listitem", "data-key": [kind, ...peers, ...pairs.flat()].slice(0, 3) },
      el("span", { class: "severity", "data-severity": level }, level),
      el("div", {}, sentence && el("p", {}, said(sentence)), el("p", { class: "about" }, ...about)),
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
    renew(
      byId("counts"),
      ...shown.map((state) => el("li", {}, el("b", {}, count(status.peers[state] ?? 0)), ` ${worded(state, status.peers[state])}`)),
    );
    renew(
      byId("node"),
      "seen from ",
      el("a", { href: toPeer(ours(this.#store)) }, named(status.name, status.id)),
      status.network === "default" ? "" : ` in ${safe(status.network, 40)}`,
    );
  }
}

/**
 * What is told below the headline, worst first: those that say the same are one, and what the headline
 * says already is not said again (`sentence` is null), or not at all where there is nobody to name.
 */
export function told({ sentence: headline, findings }) {
  const bySentence = new Map();
  for (const finding of findings) {
    const same = plain(finding.sentence);
    const before = bySentence.get(same);
    bySentence.set(same, before ? together(before, finding) : finding);
  }
  return [...bySentence]
    .map(([same, finding]) => (same === plain(headline) ? { ...finding, sentence: null } : finding))
    .filter(({ sentence, peers, pairs }) => sentence || peers.length || pairs.length)
    .sort((a, b) => RANKS[a.severity] - RANKS[b.severity]);
}

function together(one, other) {
  const [first, second] = RANKS[one.severity] <= RANKS[other.severity] ? [one, other] : [other, one];
  const distinct = (pairs) => [...new Map(pairs.map((pair) => [pair.join(), pair])).values()];
  return {
    ...first,
    since: [one.since, other.since].filter((since) => since !== null).sort((a, b) => a - b)[0] ?? null,
    peers: [...new Set([...first.peers, ...second.peers])],
    pairs: distinct([...first.pairs, ...second.pairs]),
  };
}

function plain(sentence) {
  return sentence
    .trim()
    .replace(/ \(and [\d,]+ more\)$/, "")
    .replace(/[.!…]+$/, "")
    .toLowerCase();
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
