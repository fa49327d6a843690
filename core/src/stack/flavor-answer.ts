/** That code of a flavor did not answer in time. */
class Late extends Error {}

/** Whether it is that. */
export function isLate(error: unknown): error is Error {
  return error instanceof Late;
}

/** How long code of a flavor may take to answer, ms. */
const limit = { ms: 30_000 };

/** For tests. Gives what takes it back. */
export function limitFlavors(ms: number): () => void {
  const before = limit.ms;
  limit.ms = ms;
  return () => {
    limit.ms = before;
  };
}

/**
 * What code of a flavor's author resolves to, if that is not too long in coming: a promise that never settles would end the process without a word, as nothing
 * holds it. The timer does.
 * @param late told of what comes when nobody waits for it any more
 * @throws an error in words that follow whose code it is: `did not answer within 30 s`
 */
export async function answerOf<T>(work: () => Promise<T>, late?: (answer: T) => unknown): Promise<T> {
  const { ms } = limit;
  const answer = Promise.resolve(work());
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    over.reject(new Late(`did not answer within ${ms / 1000} s`));
    answer.then(late, () => undefined).catch(() => undefined);
  }, ms);
  try {
    return await Promise.race([answer, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
