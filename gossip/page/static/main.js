// The page: its parts are made here, and told what they have to know of each other.

import { Asking } from "./asking.js";
import { Problem, ask, login } from "./api.js";
import { byId, tell } from "./dom.js";
import { EventsView } from "./events.js";
import { FindingsView } from "./findings.js";
import { moment } from "./format.js";
import { GraphView } from "./graph.js";
import { follow, ink } from "./ink.js";
import { LinkView } from "./link.js";
import { Live } from "./live.js";
import { MatrixView } from "./matrixview.js";
import { PeersView } from "./peers.js";
import { parsed } from "./route.js";
import { Store } from "./state.js";
import { safe } from "./text.js";

const HISTORY = 100;

// After these the network is another than it was.
const CHANGES = new Set(["listening", "peer_alive", "peer_dead", "peer_left", "verdict"]);

const store = new Store();
let redrawn = null;
const matrix = new MatrixView(store, ink());
const link = new LinkView(store, ink());
const events = new EventsView(store);
new GraphView(store);
new PeersView(store);
new FindingsView(store);
const asking = new Asking(store, failed);
const live = new Live({ happened, turned });

function happened(event) {
  events.add(event);
  if (CHANGES.has(event.event)) {
    asking.hurry();
    link.hurry();
  } else if (event.event === "ping") {
    timed(event);
  }
}

// A thousand peers send hundreds of pings a second: what they tell is shown once a second.
function timed({ peer, rtt_ms: time }) {
  const known = store.get("peers")?.get(peer);
  if (!known || time === null) return;
  known.rtt_ms = time;
  redrawn ??= setTimeout(() => {
    redrawn = null;
    store.touch("times");
  }, 1000);
}

function turned(on) {
  const before = store.get("live");
  if (before?.on === on) return;
  const since = Date.now() / 1000;
  store.set("live", { on, since });
  const sentence = on ? "Live" : `Not live since ${moment(since)}; trying again`;
  byId("live").dataset.live = on ? "yes" : "no";
  tell(byId("live").firstElementChild, on ? "Live" : "Not live");
  tell(byId("notice"), on ? "" : `${sentence}.`);
  byId("notice").hidden = on;
  if (on && before) asking.all();
}

function failed(problem, what) {
  if (problem.status === 401) {
    asking.rest();
    live.rest();
    locked(true);
  } else if (problem.status === 0 && what === "status") {
    // The rest may take longer than we wait, as large as it is.
    live.doubt();
  } else if (what === "report" && !store.get("report")) {
    tell(byId("sentence"), safe(problem.message));
  }
}

function locked(on) {
  if (byId("login").hidden !== on) return;
  byId("login").hidden = !on;
  byId("network").hidden = on;
  if (!on) {
    byId("content").focus({ preventScroll: true });
    return;
  }
  tell(byId("live").firstElementChild, "Locked");
  byId("notice").hidden = true;
  byId("token").focus();
}

function route() {
  const found = parsed(location.hash);
  store.set("route", found);
  const shown = found.view === "peer" || found.view === "pair" ? "link" : found.view;
  byId("content").dataset.view = shown;
  for (const view of ["matrix", "graph", "peers", "link"]) byId(`view-${view}`).hidden = view !== shown;
  for (const anchor of document.querySelectorAll(".views a")) {
    const current = anchor.dataset.view === (shown === "link" ? "peers" : shown);
    if (current) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  asking.wake();
}

// What was opened is seen, and is where the keyboard goes on.
function reveal() {
  const views = document.querySelector(".views");
  const { top } = views.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.7) views.scrollIntoView();
  const gone = document.activeElement?.closest("[hidden]");
  if (gone || byId("content").dataset.view === "link") byId("content").focus({ preventScroll: true });
}

async function begin() {
  try {
    store.set("status", await ask("status"));
    const history = await ask(`history?limit=${HISTORY}`);
    history.forEach((event) => events.add(event));
    locked(false);
    live.open(history.at(-1)?.number ?? null);
    asking.all();
  } catch (problem) {
    if (problem.status === 401) {
      locked(true);
      return;
    }
    turned(false);
    tell(byId("sentence"), safe(problem.message));
    setTimeout(begin, 2000);
  }
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  tell(byId("login-problem"), "");
  try {
    await login(byId("token").value);
    await ask("status");
    byId("token").value = "";
    begin();
  } catch (problem) {
    const wrong = problem instanceof Problem && [401, 403].includes(problem.status);
    tell(byId("login-problem"), wrong ? "This is not its token." : safe(problem.message));
  }
});

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("content").focus();
});

follow(byId("theme"), () => {
  const colours = ink();
  matrix.paint(colours);
  link.paint(colours);
});
addEventListener("hashchange", () => {
  route();
  reveal();
});
route();
begin();
