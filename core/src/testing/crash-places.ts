import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { flavors } from '@mortise/flavor-local';

import type { PutOptions } from '../artifacts/artifact-store.ts';
import type { ComponentType, ComponentTypes } from '../stack/component-types.ts';
import type { Flavor } from '../stack/flavor.ts';
import type { ExperimentTracker } from '../tracking/experiment-tracker.ts';
import { FileTracker } from './file-tracker.ts';

/**
 * For processes of tests, as `node --import <this file>`: the local artifact store and the local tracker wait to be killed at the place that `CRASH_AT`
 * names, where they work for the step `mid`; and a tracker component named `filed` is a `FileTracker` whose server is the folder `filed` of the project.
 * Trackers of other flavors do so by `stopping`. Nothing of the product knows of it.
 */
export type CrashPlace =
  | 'before the start'
  | 'after the open'
  | 'in the function'
  | 'while bytes are stored'
  | 'before the commit'
  | 'before the close'
  | 'after the close'
  | 'before a delivery'
  | 'after a delivery'
  | 'after the end of the run';

/** The step at which it happens. */
const STEP = 'mid';

export const crashAt = process.env['CRASH_AT'] as CrashPlace | undefined;

/** It was signalled, and waits no more. */
let goesOn = false;

/** Waits at a place to be killed if it is the one; goes on a little after a signal (unless `CRASH_STAYS` is set), or rejects as soon as what it does is to stop. */
export async function stopAt(place: CrashPlace, signal?: AbortSignal): Promise<void> {
  if (place !== crashAt || goesOn) return;
  sayWhere();
  const end = Promise.withResolvers<void>();
  const alive = setInterval(() => undefined, 1_000);
  const goOn = (): void => {
    goesOn = true;
    setTimeout(end.resolve, 20);
  };
  if (process.env['CRASH_STAYS'] === undefined) for (const each of ['SIGINT', 'SIGTERM'] as const) process.once(each, goOn);
  signal?.addEventListener('abort', () => end.reject(signal.reason as Error));
  await end.promise.finally(() => clearInterval(alive));
}

/** Writes the process id to the file that `CRASH_FILE` names, whole or not at all. */
function sayWhere(): void {
  const file = process.env['CRASH_FILE']!;
  if (existsSync(file)) return;
  writeFileSync(`${file}-${process.pid}`, String(process.pid));
  renameSync(`${file}-${process.pid}`, file);
}

replace('artifact-store', async (store) => {
  const { put } = store;
  store.put = async (key, body, options = {}) => {
    if (!key.includes(`/${STEP}.`)) return put.call(store, key, body, options);
    const slow = crashAt === 'while bytes are stored' ? halfOf(body, options) : body;
    const stored = await put.call(store, key, slow, options);
    await stopAt('before the commit', options.signal);
    return stored;
  };
  return store;
});

async function* halfOf(body: AsyncIterable<Uint8Array> | Uint8Array, { signal }: PutOptions): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of ArrayBuffer.isView(body) ? [body] : body) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  yield whole.subarray(0, whole.length / 2);
  await stopAt('while bytes are stored', signal);
  yield whole.subarray(whole.length / 2);
}

replace('experiment-tracker', async (made, { name, projectRoot }) =>
  stopping(name === 'filed' ? new FileTracker(join(projectRoot, 'filed')) : made),
);

/** The tracker, which waits at the places of trackers. */
export function stopping(tracker: ExperimentTracker): ExperimentTracker {
  const open: ExperimentTracker['open'] = async (identity, start, known, signal) => {
    const run = await tracker.open(identity, start, known, signal);
    if (identity.stepId !== STEP && identity.stepId !== undefined) return run;
    const isStep = identity.stepId === STEP;
    if (isStep) await stopAt('after the open', signal);
    return {
      get ref() {
        return run.ref;
      },
      native: run.native,
      async deliver(events, stop, closing) {
        const counts = isStep && events.some(({ kind }) => kind === 'metrics');
        if (counts) await stopAt('before a delivery', stop);
        const receipt = await run.deliver(events, stop, closing);
        if (counts) await stopAt('after a delivery', stop);
        return receipt;
      },
      async close(outcome, endedAt, stop, supersededBy) {
        await stopAt(isStep ? 'before the close' : 'after the end of the run', stop);
        const ref = await run.close(outcome, endedAt, stop, supersededBy);
        if (isStep) await stopAt('after the close', stop);
        return ref;
      },
    };
  };
  return { capabilities: tracker.capabilities, open };
}

function replace<T extends ComponentType>(
  type: T,
  change: (made: ComponentTypes[T], context: { name: string; projectRoot: string }) => Promise<ComponentTypes[T]>,
): void {
  const flavor = flavors.find((each) => each.type === type) as Flavor<T>;
  const { load } = flavor;
  flavor.load = async () => {
    const { create } = await load();
    return { create: async (context) => change(await create(context), context) };
  };
}
