/** Does `work` for every item, at most `limit` at once. After a failure none is begun; it is thrown once those under way have ended. */
export async function forEachAtOnce<T>(limit: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  // A generator, because a loop that throws ends it for the others too.
  const rest = (function* () {
    yield* items;
  })();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
