// A worker: the matrix is asked for, read and packed beside the page, which does not stutter meanwhile.

import { ask } from "./api.js";
import { packed } from "./matrix.js";

addEventListener("message", async () => {
  try {
    const matrix = packed(await ask("matrix"));
    postMessage({ matrix }, [matrix.links.buffer, matrix.rtt.buffer, matrix.lost.buffer]);
  } catch (problem) {
    postMessage({ status: problem.status ?? 0, sentence: problem.message });
  }
});
