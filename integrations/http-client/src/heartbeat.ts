/** Tells the server every so often that a run goes on: it takes a run that says nothing for some time for ended. Keeps no process alive. */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = new AbortController();
  #beat: Promise<void> | undefined;

  constructor(send: (signal: AbortSignal) => Promise<void>, everyMs: number) {
    this.#timer = setInterval(() => {
      // One at a time: of two that are under way, the first could arrive after the end of the second. One that fails is followed by another.
      this.#beat ??= send(this.#stopped.signal)
        .catch(() => undefined)
        .finally(() => (this.#beat = undefined));
    }, everyMs).unref();
  }

  /** Resolves when none is under way any more, so that none arrives after what follows, or the caller gives up. */
  async stop(signal?: AbortSignal): Promise<void> {
    clearInterval(this.#timer);
    const giveUp = (): void => this.end();
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp);
    await this.#beat;
    signal?.removeEventListener('abort', giveUp);
  }

  /** At once, with the one that is under way. */
  end(): void {
    clearInterval(this.#timer);
    this.#stopped.abort();
  }
}
