import { classNameOf, MortiseError } from './mortise-error.ts';

type Text = readonly [what: string, advice?: string | undefined];

/** Makes the class of an error: its code, and what it says of the facts that it is thrown with. */
export function define<P extends object>(code: string, text: (p: P) => Text) {
  return class extends MortiseError {
    static readonly code = code;
    static {
      Object.defineProperty(this, 'name', { value: classNameOf(code), configurable: true });
    }
    /** The facts the message was made of. */
    readonly facts: P;
    constructor(facts: P, options?: { cause?: unknown }) {
      const [what, advice] = text(facts);
      super(code, what, advice, options);
      this.facts = facts;
    }
  };
}
