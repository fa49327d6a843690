/** Errors are recognised by a marker and not by `instanceof`, so that two copies of this package agree. */
const MARK = Symbol.for('mortise.error.v1');

/** What the class with a code is called: `NOT_TRACKED` is `NotTracked`. */
export function classNameOf(code: string): string {
  return code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase());
}

/** Base of all errors of Mortise. `name` is that of its class, `message` one line: what happened; `advice` is what to do about it. */
export class MortiseError extends Error {
  readonly code: string;
  readonly advice: string | undefined;

  constructor(code: string, message: string, advice?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = classNameOf(code);
    this.code = code;
    this.advice = advice;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** `CODE: what happened. What to do`, on one line. */
  get line(): string {
    const text = this.message.replace(/\s+/g, ' ').trim();
    if (!this.advice) return `${this.code}: ${text}`;
    return `${this.code}: ${/[.!?]$/.test(text) ? text : `${text}.`} ${this.advice}`;
  }
}

/** True for errors of this package, also those of another copy of it. */
export function isMortiseError(error: unknown): error is MortiseError {
  return typeof error === 'object' && error !== null && MARK in error;
}

/** True for a MortiseError of the given class (by its code, so also across copies of the package). */
export function isError<E extends MortiseError>(error: unknown, type: { readonly code: string; new (...args: never[]): E }): error is E {
  return isMortiseError(error) && error.code === type.code;
}
