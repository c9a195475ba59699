// What the page computes, without a browser: run by `node --test` (see test_pure.py).

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.env.STATIC}/${name}`).href);

const { called, safe } = await load("text.js");
const { contrast, scale, step, valueAt } = await load("colours.js");
const { between, cell, packed, DOWN, SELF, UNKNOWN, UP } = await load("matrix.js");
const { byCloseness, byName, byTag, tagKeys } = await load("order.js");
const { at, fitted, moved, showing, zoomed } = await load("viewport.js");
const { parsed, toPair, toPeer } = await load("route.js");
const format = await load("format.js");
const { told } = await load("findings.js");

const node = (name, tags = {}) => ({ id: `id-${name}`, name, tags });

// Two groups far apart: b and d, a and c; nobody reaches e.
const MATRIX = packed({
  time: 0,
  nodes: [node("a", { rack: "r2" }), node("b10", { rack: "r1" }), node("c", { rack: "r2" }), node("b9", { rack: "r1" }), node("e")],
  links: ["-uuud", "u-uud", "uu-u?", "uuu-d", "????-"],
  rtt_ms: [
    [null, 9, 1, 8, null],
    [9, null, 9, 1, null],
    [1, 9, null, 9, null],
    [8, 1, 9, null, null],
    [null, null, null, null, null],
  ],
  lost: [[null, 0, 0.5, 0, 1], [], [], [], []],
});

test("text that acts is escaped as terminals have it", () => {
  assert.equal(safe("plain <b>"), "plain <b>");
  assert.equal(safe("\x1b[31m\n"), "\\x1b[31m\\x0a");
  assert.equal(safe("\u202eevil\u2066"), "\\u202eevil\\u2066");
  assert.equal(safe("a\u00a0b\u2028\u3164"), "a\\xa0b\\u2028\\u3164");
  assert.equal(safe("\ud800x"), "\\ud800x");
  assert.equal(safe("\u{e0101}"), "\\U000e0101");
  assert.equal(safe("Z" + "\u0351".repeat(5)), "Z" + "\u0351".repeat(4) + "\\u0351");
  assert.equal(safe("שלום 表 é"), "שלום 表 é");
  assert.equal(safe("abcdef", 4), "abc…");
  assert.equal(safe(null), "");
});

test("who has no name is called by the begin of its id", () => {
  assert.equal(called("", "0123456789abcdef"), "0123456789ab");
  assert.equal(called("  ", "0123456789abcdef"), "0123456789ab");
  assert.equal(called("x", "0123"), "x");
});

test("a matrix is packed row after row", () => {
  assert.deepEqual(cell(MATRIX, 0, 2), { link: UP, rtt: 1, lost: 0.5 });
  assert.equal(cell(MATRIX, 0, 4).link, DOWN);
  assert.equal(cell(MATRIX, 2, 4).link, UNKNOWN);
  assert.equal(cell(MATRIX, 3, 3).link, SELF);
  assert.ok(Number.isNaN(cell(MATRIX, 4, 1).rtt));
  assert.equal(between(MATRIX, 0, 3), 8);
});

test("orders have every node once", () => {
  const names = (order) => order.map((place) => MATRIX.nodes[place].name);
  assert.deepEqual(names(byName(MATRIX)), ["a", "b9", "b10", "c", "e"]);
  assert.deepEqual(names(byTag(MATRIX, "rack")), ["b9", "b10", "a", "c", "e"]);
  const close = names(byCloseness(MATRIX));
  assert.equal(close.at(-1), "e");
  assert.equal(Math.abs(close.indexOf("a") - close.indexOf("c")), 1);
  assert.equal(Math.abs(close.indexOf("b9") - close.indexOf("b10")), 1);
  assert.deepEqual(tagKeys(MATRIX.nodes), ["rack"]);
  assert.deepEqual(byCloseness(packed({ time: 0, nodes: [], links: [], rtt_ms: [], lost: [] })), []);
});

test("a scale is told apart by lightness alone", () => {
  for (const dark of [false, true]) {
    const steps = scale(dark);
    const grounds = steps.map((colour) => contrast(colour, [0, 0, 0]));
    const rising = dark ? grounds : [...grounds].reverse();
    assert.equal(steps.length, 256);
    assert.ok(rising.every((value, i) => i === 0 || value >= rising[i - 1] - 0.05));
    assert.ok(contrast(steps[0], steps[255]) > 7);
  }
});

test("a value has its place on a logarithmic ruler", () => {
  assert.equal(step(1, 1, 100), 0);
  assert.equal(step(0.01, 1, 100), 0);
  assert.equal(step(10, 1, 100), 128);
  assert.equal(step(1e9, 1, 100), 255);
  assert.equal(Math.round(valueAt(0.5, 1, 100)), 10);
  assert.deepEqual(MATRIX.range, [1, 9]);
  const even = packed({ time: 0, nodes: [node("a"), node("b")], links: ["-u", "u-"], rtt_ms: [[null, 2], [2, null]], lost: [[], []] });
  assert.deepEqual(even.range, [1, 4]);
});

test("a view stays within the matrix, and what is pointed at stays there", () => {
  const bounds = { width: 500, height: 500, size: 1000 };
  const whole = fitted(1000, 500, 500);
  assert.equal(whole.scale, 0.5);
  const near = zoomed(whole, 8, 100, 50, bounds);
  assert.deepEqual(at(near, 100, 50, 1000), { row: 100, column: 200 });
  assert.deepEqual(zoomed(near, 1e-9, 0, 0, bounds), { ...whole, x: 0, y: 0 });
  assert.deepEqual(moved(near, -1e9, 1e9, bounds), { ...near, x: 0, y: 3500 });
  assert.equal(at(whole, -1, 5, 1000), null);
  const seen = showing(near, 999, 0, bounds);
  assert.deepEqual(at(seen, 0, 499, 1000), { row: 999, column: 0 });
});

test("addresses lead to views and back", () => {
  assert.deepEqual(parsed("#peers"), { view: "peers" });
  assert.deepEqual(parsed(""), { view: "matrix" });
  assert.deepEqual(parsed("#nonsense/%"), { view: "matrix" });
  assert.deepEqual(parsed(toPeer("a/b")), { view: "peer", peer: "a/b" });
  assert.deepEqual(parsed(toPair("a", "self")), { view: "pair", author: "a", peer: "self" });
  assert.deepEqual(parsed("#pair/a"), { view: "matrix" });
});

test("numbers are short, and nothing is a dash", () => {
  assert.equal(format.milliseconds(null), "–");
  assert.equal(format.milliseconds(0.4231), "0.42 ms");
  assert.equal(format.milliseconds(9.96), "10 ms");
  assert.equal(format.milliseconds(1234), "1.2 s");
  assert.equal(format.share(0), "0 %");
  assert.equal(format.share(0.0001), "< 0.1 %");
  assert.equal(format.share(0.034), "3.4 %");
  assert.equal(format.bytes(999), "999 B");
  assert.equal(format.bytes(1_234_567), "1.2 MB");
  assert.equal(format.lasting(7200), "2 h");
  assert.equal(format.counted(1, "peer"), "1 peer");
  assert.equal(format.counted(1000, "node"), "1,000 nodes");
});

test("what is asked again waits its time, unless it is hurried, and while nobody looks", async () => {
  const looks = [];
  globalThis.document = { hidden: false, addEventListener: (_, listener) => looks.push(listener) };
  let now = 0;
  let due = null;
  performance.now = () => now;
  globalThis.setTimeout = (act, wait) => {
    due = { act, time: now + wait };
    return due;
  };
  globalThis.clearTimeout = (timer) => {
    if (timer === due) due = null;
  };
  const pass = async (milliseconds) => {
    now += milliseconds;
    if (due && due.time <= now) {
      const { act } = due;
      due = null;
      act();
    }
    for (let turn = 0; turn < 5; turn += 1) await null;
  };
  const { Cadence } = await load("cadence.js");
  let asked = 0;
  const cadence = new Cadence({
    ask: async () => {
      asked += 1;
    },
    gap: () => 5000,
    floor: () => 1000,
  });
  cadence.anew();
  await pass(0);
  assert.equal(asked, 1);
  await pass(4999);
  assert.equal(asked, 1);
  await pass(1);
  assert.equal(asked, 2);
  cadence.hurry();
  await pass(999);
  assert.equal(asked, 2);
  await pass(1);
  assert.equal(asked, 3);
  document.hidden = true;
  looks.forEach((look) => look());
  await pass(60_000);
  assert.equal(asked, 3);
  document.hidden = false;
  looks.forEach((look) => look());
  await pass(0);
  assert.equal(asked, 4);
});

const finding = (sentence, peers = ["p"], severity = "error") => ({ kind: "dead", sentence, severity, peers, pairs: [], since: 7 });
const report = (sentence, ...findings) => told({ sentence, findings }).map((one) => [one.sentence, one.peers.join("")]);

test("nothing is said twice, whatever the report has", () => {
  assert.deepEqual(report("all is well"), []);
  assert.deepEqual(report("a is dead", finding("a is dead")), [[null, "p"]]);
  assert.deepEqual(report("A is dead.", finding("a is dead ")), [[null, "p"]]);
  assert.deepEqual(report("a is dead (and 2 more)", finding("a is dead"), finding("b is cut")), [[null, "p"], ["b is cut", "p"]]);
  assert.deepEqual(report("two faults", finding("a is dead", ["x"]), finding("a is dead", ["x", "y"])), [["a is dead", "xy"]]);
  assert.deepEqual(report("a is dead", finding("a is dead", [])), []);
});

test("the worst is told first, also of two that say the same", () => {
  const [note, error] = [finding("n", ["x"], "note"), finding("e")];
  assert.deepEqual(report("", note, error), [["e", "p"], ["n", "x"]]);
  assert.equal(told({ sentence: "", findings: [note, finding("n", ["z"])] })[0].severity, "error");
});

test("a tag that is called as what every object has is one that others do not have", () => {
  for (const key of ["constructor", "__proto__", "toString"]) {
    const nodes = ["b", "a", "c"].map((name) => node(name, name === "a" ? {} : JSON.parse(`{"${key}": "x"}`)));
    const order = byTag({ nodes, size: 3 }, key).map((at) => nodes[at].name);
    assert.deepEqual(order, ["b", "c", "a"], key);
  }
});

test("a time beyond all calendars is none", () => {
  assert.equal(format.moment(1e300), "–");
  assert.equal(format.moment(NaN), "–");
});
