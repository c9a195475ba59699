// Questions to the node. What goes wrong is a Problem, with a sentence for people.

// Longer than the node asks others for, when there are a thousand of them.
const PATIENCE_MS = 45_000;

export class Problem extends Error {
  /** `status` is that of HTTP, 0 where there was no answer. */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** The JSON at a path below /v1. */
export async function ask(path) {
  const response = await answered(`/v1/${path}`, {});
  if (!response.ok) throw await problem(response);
  try {
    return await response.json();
  } catch {
    throw new Problem(0, "The node broke off its answer.");
  }
}

/** Give the token; the node then knows this browser by a cookie. */
export async function login(token) {
  const response = await answered("/login", {
    method: "POST",
    body: new URLSearchParams({ token }),
  });
  if (!response.ok) throw await problem(response);
}

async function answered(path, how) {
  try {
    return await fetch(path, {
      ...how,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Problem(0, "The node does not answer.");
  }
}

async function problem(response) {
  try {
    const told = await response.json();
    return new Problem(response.status, told.detail || told.title);
  } catch {
    return new Problem(response.status, `The node answered ${response.status}.`);
  }
}
