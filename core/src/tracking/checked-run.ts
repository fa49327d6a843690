import { TrackerBroken } from '../errors.ts';
import type { Receipt, TrackerRun, TrackerRunRef } from './experiment-tracker.ts';

export interface CheckOptions {
  /** Whose tracker run it is. */
  flavor: string;
  /** Told of what `ending()` throws: that it is told changes nothing about the run. */
  endingFailed: (error: unknown) => void;
}

/**
 * A tracker run whose answers are what they are to be. A flavor in plain JavaScript has no compiler that would miss any of it; what is missing would be met
 * far from who forgot it, and a batch without a receipt be sent again and again.
 * @param given what `open()` gave
 * @throws TrackerBroken, as its calls do
 */
export function checkedRun(given: unknown, { flavor, endingFailed }: CheckOptions): TrackerRun {
  const refuse = (reason: string): never => {
    throw new TrackerBroken({ flavor, reason });
  };
  if (!isRecord(given)) return refuse(`its open() gave ${spoken(given)}`);
  for (const method of ['deliver', 'close']) if (typeof given[method] !== 'function') refuse(`what its open() gave has no ${method}()`);
  if (!isRecord(given['ref'])) refuse('what its open() gave has no ref');
  const run = given as unknown as TrackerRun;
  checkRef(run.ref, 'open()', refuse);
  return {
    get ref() {
      return run.ref;
    },
    get native() {
      return run.native;
    },
    async deliver(...batch) {
      const receipt = await run.deliver(...batch);
      checkReceipt(receipt, refuse);
      return receipt;
    },
    ending() {
      try {
        // Its author may have made it asynchronous.
        const told: unknown = run.ending?.();
        Promise.resolve(told).catch(endingFailed);
      } catch (error) {
        endingFailed(error);
      }
    },
    async close(...end) {
      const ref = await run.close(...end);
      if (!isRecord(ref)) return refuse(`its close() gave ${spoken(ref)}`);
      checkRef(ref, 'close()', refuse);
      return ref;
    },
  };
}

type Refuse = (reason: string) => never;

function checkReceipt(receipt: unknown, refuse: Refuse): asserts receipt is Receipt {
  if (!isRecord(receipt)) return refuse(`its deliver() gave ${spoken(receipt)}`);
  const { through, ref, rejected = [] } = receipt;
  if (!isRecord(through)) return refuse('what its deliver() gave has no through');
  if (!Object.values(through).every(Number.isFinite)) refuse('what its deliver() gave as through is not a number for each writer');
  if (!isRecord(ref)) return refuse('what its deliver() gave has no ref');
  if (!Array.isArray(rejected) || !rejected.every(isRefusal))
    refuse('what its deliver() gave as rejected is not a list of { writer, seq, why }');
  checkRef(ref, 'deliver()', refuse);
}

function isRefusal(value: unknown): boolean {
  return isRecord(value) && typeof value['writer'] === 'string' && typeof value['seq'] === 'number' && typeof value['why'] === 'string';
}

/** It is stored as JSON after every call, and its ids one by one. */
function checkRef(ref: TrackerRunRef | Record<string, unknown>, call: string, refuse: Refuse): void {
  const { ids, url } = ref;
  if (url !== undefined && typeof url !== 'string') refuse(`the url in the ref of its ${call} is no text`);
  if (!isRecord(ids)) return refuse(`the ref of its ${call} has no ids`);
  for (const [name, id] of Object.entries(ids))
    if (typeof id !== 'string' && typeof id !== 'number') refuse(`the id "${name}" in the ref of its ${call} is no text`);
  try {
    JSON.stringify(ref);
  } catch {
    refuse(`the ref of its ${call} is no JSON`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function spoken(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
