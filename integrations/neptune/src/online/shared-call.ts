interface UnderWay<T> {
  result: Promise<T>;
  callers: number;
  giveUp(): void;
}

/** Many ask at once, and one call is made for all: until the last of them gives up. */
export class SharedCall<T> {
  readonly #call: (signal: AbortSignal) => Promise<T>;
  #underWay: UnderWay<T> | undefined;

  constructor(call: (signal: AbortSignal) => Promise<T>) {
    this.#call = call;
  }

  /** Throws what the call throws, or at once the signal's reason. */
  async result(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const call = (this.#underWay ??= this.#begun());
    call.callers++;
    const gaveUp = Promise.withResolvers<never>();
    const giveUp = (): void => gaveUp.reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([call.result, gaveUp.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
      if (--call.callers === 0) this.#end(call);
    }
  }

  #begun(): UnderWay<T> {
    const over = new AbortController();
    return { result: this.#call(over.signal), callers: 0, giveUp: () => over.abort() };
  }

  #end(call: UnderWay<T>): void {
    call.giveUp();
    if (this.#underWay === call) this.#underWay = undefined;
  }
}
