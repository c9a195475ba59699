// What is asked of the node, and how often: the whole network seldom, and only while it is looked at.

import { ask, Problem } from "./api.js";
import { Cadence } from "./cadence.js";
import { size } from "./state.js";

// Milliseconds a node, between two questions for all rows: a thousand are asked every 20 s.
const A_NODE_MS = 20;

export class Asking {
  #store;
  #failed;
  #worker = null;
  #cadences;
  #begun = false;

  /** `failed(problem, what)` is called with whatever could not be had, and its name. */
  constructor(store, failed) {
    this.#store = store;
    this.#failed = failed;
    const gathering = (least) => () => Math.max(least, size(store) * A_NODE_MS);
    const view = () => store.get("route")?.view;
    const wanted = () => this.#begun;
    this.#cadences = {
      status: new Cadence({ ask: this.#safely("status", () => this.#status()), gap: () => 15_000, wanted }),
      peers: new Cadence({
        ask: this.#safely("peers", () => this.#peers()),
        gap: gathering(10_000),
        floor: () => Math.max(500, size(store) * 5),
        wanted,
      }),
      matrix: new Cadence({
        ask: this.#safely("matrix", () => this.#matrix()),
        gap: gathering(5000),
        floor: gathering(1000),
        wanted: () => wanted() && (["matrix", "graph"].includes(view()) || !store.get("matrix")),
      }),
      report: new Cadence({
        ask: this.#safely("report", () => this.#report()),
        gap: gathering(10_000),
        floor: gathering(1000),
        wanted,
      }),
    };
  }

  /** Ask for all of it now, and from now on. */
  all() {
    this.#begun = true;
    for (const cadence of Object.values(this.#cadences)) cadence.anew();
  }

  /** Something has changed in the network. */
  hurry() {
    for (const cadence of Object.values(this.#cadences)) cadence.hurry();
  }

  /** Ask no more, until all is asked for. */
  rest() {
    this.#begun = false;
  }

  /** Another view is looked at. */
  wake() {
    for (const cadence of Object.values(this.#cadences)) cadence.wake();
  }

  #safely(what, asks) {
    return async () => {
      try {
        await asks();
      } catch (problem) {
        this.#failed(problem, what);
      }
    };
  }

  async #status() {
    this.#store.set("status", await ask("status"));
  }

  async #peers() {
    const [peers, links] = await Promise.all([ask("peers"), ask("links")]);
    this.#store.set("peers", new Map(peers.map((peer) => [peer.id, peer])));
    this.#store.set("links", new Map(links.map((link) => [link.peer, link])));
  }

  async #report() {
    this.#store.set("report", await ask("report"));
  }

  async #matrix() {
    const { matrix, status, sentence } = await this.#gathered();
    if (!matrix) {
      this.#store.set("matrixProblem", sentence);
      throw new Problem(status, sentence);
    }
    matrix.byId = new Map(matrix.nodes.map((node) => [node.id, node]));
    this.#store.set("matrix", matrix);
  }

  #gathered() {
    this.#worker ??= new Worker("/static/gather.js", { type: "module" });
    const { promise, resolve } = deferred();
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = () => resolve({ status: 0, sentence: "The matrix could not be read." });
    this.#worker.postMessage(null);
    return promise;
  }
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
