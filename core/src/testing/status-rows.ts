/** Every way in which a tracked step can end. `bad` and its kin are tracked, and cached only where that is the point. */
const STEPS = `
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, step } from '@mortise/core';
const tracked = { experimentTracker: true, cache: false } as const;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const log = (): void => activeRun().logMetrics({ before: 1 });

const good = step('good', tracked, async () => { log(); return 1; });
const bad = step('bad', tracked, async (): Promise<number> => { log(); throw new TypeError('boom'); });
const odd = step('odd', tracked, async () => { log(); return { deep: { call: () => 1 } }; });
const source = step('source', async () => [1, 2, 3]);
const use = step('use', tracked, async ({ list }: { list: number[] }) => list.length);
const twice = step('twice', { ...tracked, retry: { retries: 1 } }, async () => { log(); throw new Error('again ' + activeRun().attempt); });
const mends = step('mends', { ...tracked, retry: { retries: 2 } }, async () => { log(); if (activeRun().attempt === 1) throw new Error('not yet'); });
const slow = step('slow', { ...tracked, timeoutMs: 100 }, async () => { log(); await sleep(1_000); });
const lingering = Promise.withResolvers<void>();
const strays = step('strays', tracked, async () => { log(); void lingering.promise.then(() => { throw new Error('too late'); }); return 1; });
const waits = step('waits', tracked, async () => { log(); console.log('step begins'); await delay(60_000, undefined, { signal: activeRun().signal }); });
const lingers = step('lingers', tracked, async () => { log(); lingering.resolve(); await sleep(200); return 2; });

export const rows = {
  success: pipeline('success', () => { good(); }),
  throw: pipeline('throw', () => { bad(); }),
  'failed-then-good': pipeline('failed-then-good', () => { bad(); good(); }),
  'output-not-storable': pipeline('output-not-storable', () => { odd(); }),
  'input-not-loadable': pipeline('input-not-loadable', () => { use({ list: source() }); }),
  'retries-used-up': pipeline('retries-used-up', () => { twice(); }),
  'retry-succeeds': pipeline('retry-succeeds', () => { mends(); }),
  timeout: pipeline('timeout', () => { slow(); }),
  'stray-after-return': pipeline('stray-after-return', () => { lingers(undefined, { after: [strays()] }); }),
};
export const stopped = pipeline('stopped', () => { waits(); });
`;

/** All that need nobody from outside: `node rows.ts ISOLATION`. */
const ROWS = `
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rows } from './steps.ts';
const isolation = process.argv[2] as 'inline' | 'process';
for (const [name, row] of Object.entries(rows)) {
  if (name === 'input-not-loadable') {
    const { steps } = await row.run({}, { isolation });
    const path = fileURLToPath((steps as Record<string, { outputs: Record<string, { uri: string }> }>)['source']!.outputs['output']!.uri);
    writeFileSync(path, readFileSync(path, 'utf8').replace('1', '7'));
  }
  await row.run({}, { name: name + '-' + isolation, isolation, concurrency: 1, executionMode: 'continue-on-failure' });
}
`;

/** `node stop.ts ISOLATION NAME`: its step says `step begins` and goes on for a minute unless it is stopped. */
const STOP = `
import { stopped } from './steps.ts';
const [isolation, name] = process.argv.slice(2) as ['inline' | 'process', string];
const { status } = await stopped.run({}, { name, isolation });
console.log('run ' + status);
`;

/** For tests: files of a project whose runs end in every way there is. */
export const STATUS_SCRIPTS = { 'steps.ts': STEPS, 'rows.ts': ROWS, 'stop.ts': STOP };

export type Ended = 'completed' | 'failed' | 'killed';

/** How the run, and each attempt of its tracked steps, ends: in the store and at each tracker. */
export const STATUS_ROWS: Record<string, Record<string, Ended[]>> = {
  success: { run: ['completed'], good: ['completed'] },
  throw: { run: ['failed'], bad: ['failed'] },
  'failed-then-good': { run: ['failed'], bad: ['failed'], good: ['completed'] },
  'output-not-storable': { run: ['failed'], odd: ['failed'] },
  'input-not-loadable': { run: ['failed'], use: ['failed'] },
  'retries-used-up': { run: ['failed'], twice: ['failed', 'failed'] },
  'retry-succeeds': { run: ['completed'], mends: ['failed', 'completed'] },
  timeout: { run: ['failed'], slow: ['failed'] },
  'stray-after-return': { run: ['completed'], strays: ['completed'], lingers: ['completed'] },
};
