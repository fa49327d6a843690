import { AsyncLocalStorage } from 'node:async_hooks';

/** What is listened to while code of the user runs, beside what it returns or throws. */
export interface UserCode {
  /** An error where nobody can catch it: thrown in a timer or an event handler, or of a promise that nobody waits for. */
  stray?(error: unknown): void;
  /** What it writes to stdout and stderr. Gives what of it goes on to where it was written. */
  output?(stream: OutputStream, chunk: string | Uint8Array): string | Uint8Array;
}

export type OutputStream = 'out' | 'err';

interface Shared {
  code: AsyncLocalStorage<UserCode>;
  watched: boolean;
}

const KEY = Symbol.for('mortise.user-code.v1');

/** One for all copies of this package in this process and realm: an error and a line of output are to be heard once. */
function shared(): Shared {
  const place = globalThis as { [KEY]?: Shared };
  return (place[KEY] ??= { code: new AsyncLocalStorage<UserCode>(), watched: false });
}

/** Calls a function of the user; all that it begins, also what it does not wait for, belongs to `code`. */
export function callUserCode<T>(code: UserCode, call: () => T): T {
  return shared().code.run(code, call);
}

/**
 * Listens to stray errors and to output from now on: what a step left running may fail when its run is long over. Errors that belong to no code that was
 * called by `callUserCode` end the process as they would without us.
 */
export function watchUserCode(): void {
  const place = shared();
  if (place.watched) return;
  place.watched = true;
  const { code } = place;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) listenToErrors(event, code);
  listenToStream('stdout', (chunk) => code.getStore()?.output?.('out', chunk) ?? chunk);
  listenToStream('stderr', (chunk) => code.getStore()?.output?.('err', chunk) ?? chunk);
}

function listenToErrors(event: 'uncaughtException' | 'unhandledRejection', code: AsyncLocalStorage<UserCode>): void {
  const hear = (error: unknown): void => {
    const owner = code.getStore();
    if (owner?.stray !== undefined) return owner.stray(error);
    // Whoever else listens has made it theirs.
    if (process.listenerCount(event) > 1) return;
    setImmediate(() => {
      process.removeAllListeners('uncaughtException');
      throw error;
    });
  };
  process.on(event, hear);
}

/** Told of a chunk; gives the one to write. */
type Hear = (chunk: string | Uint8Array) => string | Uint8Array;

type Write = (this: NodeJS.WriteStream, chunk: string | Uint8Array, ...rest: unknown[]) => boolean;

/** Node makes the streams at their first use, which costs some ms: until then only that use is waited for. */
function listenToStream(name: 'stdout' | 'stderr', hear: Hear): void {
  const lazy = Object.getOwnPropertyDescriptor(process, name);
  if (lazy?.get === undefined || lazy.configurable !== true) return listenToWrites(process[name], hear);
  Object.defineProperty(process, name, {
    ...lazy,
    get(this: unknown) {
      Object.defineProperty(process, name, lazy);
      const stream = Reflect.apply(lazy.get!, this, []) as NodeJS.WriteStream;
      listenToWrites(stream, hear);
      return stream;
    },
  });
}

function listenToWrites(stream: NodeJS.WriteStream, hear: Hear): void {
  const write = stream.write as unknown as Write;
  const listening: Write = function (chunk, ...rest) {
    const encoded = typeof chunk === 'string' && typeof rest[0] === 'string';
    const heard = hear(encoded ? Buffer.from(chunk, rest[0] as BufferEncoding) : chunk);
    // What was encoded is bytes now.
    return Reflect.apply(write, this, encoded ? [heard, ...rest.slice(1)] : [heard, ...rest]);
  };
  Object.defineProperty(stream, 'write', { value: listening, writable: true, configurable: true, enumerable: false });
}
