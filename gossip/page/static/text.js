// Text from peers, made fit for people's eyes: shown, never interpreted. Pure. It escapes what
// gossip.surfaces.text escapes, in the same notation.

// Characters shown of one text: the longest that a ping may carry.
const LONGEST = 1024;

// Combining marks in a row that are shown as such; more are made to climb over other lines.
const MARKS = 4;

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u;

// Printable, says Unicode, and yet nothing is seen.
const INVISIBLE =
  /[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d\u{e0100}-\u{e01ef}]/u;

const MARK = /[\p{Mn}\p{Me}]/u;

const PLAIN = /^[\x20-\x7e]*$/;

/** `text` without anything that a reader could be fooled by. */
export function safe(text, longest = LONGEST) {
  const whole = String(text ?? "");
  const shown = PLAIN.test(whole) ? whole : escaped(whole);
  const characters = [...shown];
  return characters.length <= longest ? shown : characters.slice(0, longest - 1).join("") + "…";
}

/** What a node is called: its name, or the begin of its id where it has none. */
export function called(name, id) {
  return safe(name).trim() || short(id);
}

/** The begin of an id, as long as events have it. */
export function short(id) {
  return safe(id).slice(0, 12);
}

function escaped(text) {
  let marks = 0;
  let shown = "";
  for (const character of text) {
    marks = MARK.test(character) ? marks + 1 : 0;
    const seen = marks <= MARKS && !UNSEEN.test(character) && !INVISIBLE.test(character);
    shown += seen ? character : code(character);
  }
  return shown;
}

function code(character) {
  const number = character.codePointAt(0);
  const digits = (count) => number.toString(16).padStart(count, "0");
  if (number < 0x100) return "\\x" + digits(2);
  return number < 0x10000 ? "\\u" + digits(4) : "\\U" + digits(8);
}
