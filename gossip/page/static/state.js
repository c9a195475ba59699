// What is known, and who is told when it changes. Views are told at the next frame, once for all that
// has changed until then: in a tab that nobody sees, none is drawn.

import { called } from "./text.js";

export class Store {
  #values = new Map();
  #listeners = [];
  #changed = new Set();

  get(name) {
    return this.#values.get(name);
  }

  set(name, value) {
    this.#values.set(name, value);
    this.touch(name);
  }

  /** Tell of a value that was changed in its place. */
  touch(name) {
    if (this.#changed.size === 0) requestAnimationFrame(() => this.#tell());
    this.#changed.add(name);
  }

  /** Have `listener` called after any of these has changed. */
  on(names, listener) {
    this.#listeners.push({ names, listener });
  }

  #tell() {
    const changed = this.#changed;
    this.#changed = new Set();
    for (const { names, listener } of this.#listeners) {
      if (!names.some((name) => changed.has(name))) continue;
      try {
        listener();
      } catch (error) {
        // The other views are shown all the same.
        reportError(error);
      }
    }
  }
}

/** How many nodes there are, as far as it is known. */
export function size(store) {
  return Math.max(store.get("matrix")?.size ?? 0, (store.get("peers")?.size ?? 0) + 1);
}

/** The id of the node that serves this page. */
export function ours(store) {
  return store.get("status")?.id;
}

/** What is known of a node, by its id: `{id, name, state, tags}`, whoever told of it. */
export function nodeOf(store, id) {
  const status = store.get("status");
  if (status?.id === id) return { ...status, state: "alive" };
  const peer = store.get("peers")?.get(id);
  return peer ?? store.get("matrix")?.byId?.get(id) ?? { id, name: "", state: "unmet", tags: {} };
}

/** What a node is called, by its id. */
export function calledById(store, id) {
  return called(nodeOf(store, id).name, id);
}

/** All nodes, by name: this one, its peers, and whoever else is in the matrix. */
export function everyone(store) {
  const known = new Map((store.get("matrix")?.nodes ?? []).map((node) => [node.id, node]));
  for (const peer of store.get("peers")?.values() ?? []) known.set(peer.id, peer);
  const status = store.get("status");
  if (status) known.set(status.id, status);
  return [...known.values()];
}
