import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorCommand } from '@mortise/test-servers';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import type { WandbTracker } from '../experiment-tracker/wandb-tracker.ts';
import { eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

/** Fails, goes on, and takes back what it said before. */
async function play(runId: string, make: () => Promise<WandbTracker>): Promise<void> {
  const identity = newIdentity();
  const start = newStart({ tags: { draft: 'true' }, settings: { runId } });
  const run = await (await make()).open(identity, start, undefined, never);
  await run.deliver(eventsOf([{ kind: 'params', values: { opt: { a: 1, deep: { x: 1, y: 2 } }, 'opt.b': 5, list: [1] } }]), never);
  const known = await run.close({ status: 'failed', error: { name: 'TypeError', message: 'no wine left' } }, Date.now(), never);
  const again = await (await make()).open(identity, { ...start, resumed: true }, known, never);
  const changes = eventsOf(
    [
      { kind: 'params', values: { opt: { b: 2, deep: { y: 3 } } } },
      { kind: 'tags', set: {}, remove: ['draft'] },
    ],
    2,
  );
  await again.deliver(changes, never);
  await again.close({ status: 'completed' }, Date.now(), never);
}

(canStart('vendor-clients') ? describe : describe.skip)('what a run takes back of its config', () => {
  let recorder: WandbRecorder;
  let folder: string;
  beforeAll(async () => {
    recorder = await startWandbRecorder();
    folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-back-'));
  });
  afterAll(async () => {
    await recorder?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(['online', 'offline, and uploaded by its tool'])('is not there any more, %s', async (way) => {
    const id = way === 'online' ? 'one' : 'two';
    if (way === 'online') await play(id, () => trackerWith({ mode: 'online', baseUrl: recorder.url, apiKey: KEY, project: 'wine' }));
    else {
      await play(id, () => trackerWith({ mode: 'offline', dir: folder, project: 'wine' }));
      const runs = readdirSync(join(folder, 'wandb'))
        .filter((name) => name.startsWith('offline-run-'))
        .sort();
      const env = { WANDB_BASE_URL: recorder.url, WANDB_API_KEY: KEY };
      for (const run of runs) expect((await vendorCommand('wandb', ['sync', run], env, join(folder, 'wandb'))).code).toBe(0);
    }
    const { config } = recorder.run(id)!;
    const { mortise, _wandb: _, ...params } = Object.fromEntries(Object.entries(config).map(([name, { value }]) => [name, value]));
    expect(params).toEqual({ opt: { b: 2, deep: { y: 3 } }, 'opt.b': 5, list: [1] });
    expect(mortise).toMatchObject({ status: 'completed' });
    expect(mortise).not.toHaveProperty('error');
    expect((mortise as { tags?: object }).tags ?? {}).not.toHaveProperty('draft');
  });
});
