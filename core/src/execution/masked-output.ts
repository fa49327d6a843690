import { OutputMask } from '../secrets/output-mask.ts';
import type { OutputStream } from './user-code.ts';

/** What code of the user prints, without the values of secrets. */
export class MaskedOutput {
  readonly #masks = { out: new OutputMask(), err: new OutputMask() };
  #ended = false;

  /** What of it may be printed now: the end is held back while it may be the beginning of a secret. */
  output(stream: OutputStream, chunk: string | Uint8Array): string | Uint8Array {
    const mask = this.#masks[stream];
    return this.#ended ? mask.whole(chunk) : mask.push(chunk);
  }

  /** Prints what was held back, and gives it to `kept`. From now on nothing is held back. */
  end(kept?: (stream: OutputStream, rest: Uint8Array) => void): void {
    this.#ended = true;
    for (const stream of ['out', 'err'] as const) {
      const rest = this.#masks[stream].flush();
      if (rest.length === 0) continue;
      kept?.(stream, rest);
      process[stream === 'out' ? 'stdout' : 'stderr'].write(rest);
    }
  }
}
