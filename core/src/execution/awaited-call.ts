/** The promise of a step call, which knows whether anybody waits for it: a failure that nobody waits for must not go unseen. */
export class AwaitedCall extends Promise<unknown> {
  /** What `then` gives is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** Set by `await`, `then`, `catch`, `Promise.all`, ... */
  awaited = false;

  override then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.awaited = true;
    return super.then(fulfilled, rejected);
  }

  /** The promise of this work. A rejection of it is nobody's unhandled one: who made it looks at `awaited`. */
  static of(work: Promise<unknown>): AwaitedCall {
    const call = new AwaitedCall((resolve) => resolve(work));
    call.catch(() => undefined);
    call.awaited = false;
    return call;
  }
}
