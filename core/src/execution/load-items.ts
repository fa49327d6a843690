import { removeCopiesOfStep } from '../artifacts/copies-of-step.ts';
import { forEachAtOnce } from '../artifacts/for-each-at-once.ts';

/** Items of a list that are loaded at once: about as many as an artifact store has requests under way. */
const AT_ONCE = 64;

interface Loadable {
  load(signal?: AbortSignal): Promise<unknown>;
}

/** The items of a list that a step is given. When one cannot be loaded no more are, and nobody gets the copies that were made of the others: they go. */
export async function loadItems(items: readonly Loadable[], signal: AbortSignal | undefined): Promise<unknown[]> {
  const values = Array.from(items, (): unknown => undefined);
  try {
    await forEachAtOnce(AT_ONCE, items.entries(), async ([index, item]) => {
      values[index] = await item.load(signal);
    });
    return values;
  } catch (error) {
    await removeCopiesOfStep(values);
    throw error;
  }
}
