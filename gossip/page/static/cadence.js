// Something that is asked again and again, while somebody looks and wants it.

export class Cadence {
  #ask;
  #wanted;
  #gap;
  #floor;
  #timer = null;
  #asking = false;
  #hurried = false;
  #ended = -Infinity;

  /**
   * `ask` returns a promise, whatever comes of it. `gap()` and `floor()` are milliseconds from the end
   * of one to the begin of the next: where nothing happens, and where something did.
   */
  constructor({ ask, gap, floor = () => 1000, wanted = () => true }) {
    this.#ask = ask;
    this.#wanted = wanted;
    this.#gap = gap;
    this.#floor = floor;
    document.addEventListener("visibilitychange", () => this.wake());
  }

  /** Look again whether it is wanted, and when. */
  wake() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#asking || document.hidden || !this.#wanted()) return;
    const gap = this.#hurried ? this.#floor() : this.#gap();
    const left = Math.max(0, this.#ended + gap - performance.now());
    this.#timer = setTimeout(() => this.#go(), left);
  }

  /** Something has changed: ask as soon as may be. */
  hurry() {
    this.#hurried = true;
    this.wake();
  }

  /** Ask now, whenever it was asked last. */
  anew() {
    this.#ended = -Infinity;
    this.hurry();
  }

  async #go() {
    this.#asking = true;
    this.#hurried = false;
    try {
      await this.#ask();
    } finally {
      this.#asking = false;
      this.#ended = performance.now();
      this.wake();
    }
  }
}
