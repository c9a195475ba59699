// Events as they happen. A browser takes up a stream that broke by itself (Last-Event-ID); where it
// gives up, or the stream is silent since the network is gone, it is opened anew from here.

const KINDS = [
  ...["listening", "peer_alive", "peer_dead", "peer_left", "verdict", "ping"],
  ...["refused", "identity_mismatch", "stopping"],
];

const FIRST_MS = 2000;
const LONGEST_MS = 15_000;

export class Live {
  #happened;
  #turned;
  #source = null;
  #last = null;
  #timer = null;
  #wait = FIRST_MS;

  /** `happened(event, number)` is called with each, `turned(live)` when it begins or ends to be live. */
  constructor({ happened, turned }) {
    this.#happened = happened;
    this.#turned = turned;
  }

  /** Begin after the event with this number, or with the next where there is none yet. */
  open(after = null) {
    this.#last = after ?? this.#last;
    this.#close();
    const from = this.#last === null ? "" : `?after=${this.#last}`;
    const source = new EventSource(`/v1/events${from}`);
    this.#source = source;
    source.addEventListener("open", () => this.#opened());
    source.addEventListener("error", () => this.#broke(source));
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.#heard(event));
  }

  /** The node did not answer something else: this stream will not tell of it. */
  doubt() {
    if (this.#timer === null && this.#source?.readyState === EventSource.OPEN) this.#again();
  }

  /** Follow no more, until it is opened again. */
  rest() {
    this.#close();
  }

  #opened() {
    this.#wait = FIRST_MS;
    this.#turned(true);
  }

  #broke(source) {
    this.#turned(false);
    if (source.readyState === EventSource.CLOSED) this.#again();
  }

  #again() {
    this.#turned(false);
    this.#close();
    this.#timer = setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_MS);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#source?.close();
    this.#source = null;
  }

  #heard(event) {
    // Pings have no number, and leave the last one as it is.
    const number = event.lastEventId === "" ? null : Number(event.lastEventId);
    const anew = number !== null && number !== this.#last;
    if (anew) this.#last = number;
    this.#happened(JSON.parse(event.data));
  }
}
