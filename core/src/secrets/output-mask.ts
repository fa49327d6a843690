import { keptSecrets } from './kept-secrets.ts';
import { MaskedTexts } from './masked-texts.ts';

/**
 * Masks what is written piece by piece, also a secret that comes in several pieces: the end of a piece is held back while it may be the beginning of one.
 * Bytes stay what they are, whatever their encoding.
 */
export class OutputMask {
  #held = '';
  #masked: { of: MaskedTexts; bytes: MaskedTexts } | undefined;

  /** What may be written now: the piece itself when there is nothing to mask. */
  push(chunk: string | Uint8Array): string | Uint8Array {
    const texts = this.#texts();
    if (texts === undefined) return chunk;
    const { told, rest } = texts.maskBeginning(this.#held + asLatin1(chunk));
    this.#held = rest;
    return Buffer.from(told, 'latin1');
  }

  /** A piece that is not followed by others, masked whole. */
  whole(chunk: string | Uint8Array): string | Uint8Array {
    const texts = this.#texts();
    return texts === undefined ? chunk : Buffer.from(texts.mask(asLatin1(chunk)), 'latin1');
  }

  /** What was held back: nothing follows. */
  flush(): Uint8Array {
    if (this.#held === '') return NOTHING;
    const held = this.#held;
    this.#held = '';
    return Buffer.from(this.#texts()?.mask(held) ?? held, 'latin1');
  }

  /** The texts to mask as their bytes, one letter for each. */
  #texts(): MaskedTexts | undefined {
    const { texts } = keptSecrets();
    if (texts === undefined) return undefined;
    if (this.#masked?.of !== texts) this.#masked = { of: texts, bytes: new MaskedTexts(texts.texts.map(asLatin1)) };
    return this.#masked.bytes;
  }
}

const NOTHING = Buffer.alloc(0);

function asLatin1(text: string | Uint8Array): string {
  return (typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength)).toString('latin1');
}
