// A worker: the matrix is asked for, read and packed beside the page, which does not stutter meanwhile.

import { Problem, ask } from "./api.js";
import { packed } from "./matrix.js";

// Nodes a side of the largest picture: nine million pairs are 80 MB here.
const MOST = 3000;

addEventListener("message", async () => {
  try {
    const answer = await ask("matrix");
    if (answer.nodes.length > MOST) {
      throw new Problem(413, `The matrix is shown of up to ${MOST} nodes; this network has more.`);
    }
    const matrix = packed(answer);
    postMessage({ matrix }, [matrix.links.buffer, matrix.rtt.buffer, matrix.lost.buffer]);
  } catch (problem) {
    postMessage({ status: problem.status ?? 0, sentence: problem.message });
  }
});
