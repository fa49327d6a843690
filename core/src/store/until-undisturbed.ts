import { ChangedMeanwhile, isError } from '../errors.ts';

/** How often a change is made anew because another process was faster. */
const TRIES = 50;

/** What is changed was read before, and another process may have changed it meanwhile: then once more, from what is there now. */
export async function untilUndisturbed<T>(change: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++)
    try {
      return await change();
    } catch (error) {
      if (!isError(error, ChangedMeanwhile) || tried === TRIES) throw error;
    }
}
