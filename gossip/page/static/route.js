// What is shown, as the end of the page's address. Pure.

export const VIEWS = ["matrix", "graph", "peers", "events"];

/** `#peer/ID` and `#pair/ID/ID` to what they mean; whatever else is unknown is the matrix. */
export function parsed(hash) {
  const [view, ...rest] = hash.replace(/^#/, "").split("/").map(decoded);
  if (view === "peer" && rest.length === 1 && rest[0]) return { view, peer: rest[0] };
  if (view === "pair" && rest.length === 2 && rest[0] && rest[1]) {
    return { view, author: rest[0], peer: rest[1] };
  }
  return { view: VIEWS.includes(view) ? view : VIEWS[0] };
}

export function toPeer(id) {
  return `#peer/${encodeURIComponent(id)}`;
}

export function toPair(author, peer) {
  return `#pair/${encodeURIComponent(author)}/${encodeURIComponent(peer)}`;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
