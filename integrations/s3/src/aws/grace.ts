/** Does work that is stopped so many ms after the signal was aborted. */
export async function withGrace<T>(signal: AbortSignal | undefined, ms: number, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => void (timer = setTimeout(() => late.abort(signal!.reason), ms));
  signal?.addEventListener('abort', begin, { once: true });
  try {
    return await work(late.signal);
  } finally {
    signal?.removeEventListener('abort', begin);
    clearTimeout(timer);
  }
}
