import { describe, expect, test } from '@jest/globals';
import { OfflineRun } from '@mortise/wandb-client';
import { mkdir, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { all, newDir, ofKind, optionsIn, rowOf, take, takeOne } from '../testing/imported-runs.ts';
import importer from './index.ts';

describe('the import of runs that W&B keeps on disk', () => {
  test('takes one folder of a run, and one file', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    await run.exit(0, 1);
    const online = join(dir, 'wandb/run-20261121_090507-r1');
    await rename(run.folder, online);
    for (const from of [dir, join(dir, 'wandb'), online, join(online, 'run-r1.wandb')])
      expect((await takeOne(from)).run.id).toBe('wine/r1');
  });

  test('tells runs of two owners apart that have one project and id, and not those of one run, of which a log does not say whose it is', async () => {
    const dir = await newDir();
    const folders: string[] = [];
    for (const [at, entity] of ['red', 'blue', undefined, 'blue'].entries()) {
      const own = await newDir();
      const of = entity === undefined ? { id: 'r2' } : { entity };
      const run = await OfflineRun.open(optionsIn(own, { ...of, ...(at === 3 && { id: 'r2' }), config: { at } }));
      await run.exit(0, 1);
      folders.push(join(dir, 'wandb', `offline-run-20261121_09050${at}-r`));
      await mkdir(join(dir, 'wandb'), { recursive: true });
      await rename(run.folder, folders.at(-1)!);
    }
    const { runs } = await take(dir);
    expect(runs.map(({ run: { id }, events }) => [id, ofKind(events, 'params').map(({ values }) => values['at'])])).toEqual([
      ['red/wine/r1', [0]],
      ['blue/wine/r1', [1]],
      ['blue/wine/r2', [3]],
    ]);
  });

  test('gives the same events each time that it is asked', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.history([rowOf(0, { loss: 1 })]);
    run.summary({ best: 1 });
    await run.exit(0, 1);
    const { run: taken, events } = await takeOne(dir);
    expect(await all(taken.events(new AbortController().signal))).toEqual(events);
  });

  test('of nothing fails with one line that says what was looked for', async () => {
    const dir = await newDir();
    await mkdir(join(dir, 'wandb'));
    await writeFile(join(dir, 'a.txt'), 'text');
    const advice = 'it has no folder offline-run-* or run-* with a .wandb file';
    for (const [from, reason] of [
      [join(dir, 'none'), 'there is no such file or folder'],
      [join(dir, 'a.txt'), 'it is neither a folder nor a .wandb file'],
      [dir, advice],
      [join(dir, 'wandb'), advice],
    ] as const) {
      await expect(take(from)).rejects.toMatchObject({
        code: 'IMPORT_FAILED',
        message: expect.stringContaining(`nothing was imported from ${from}: ${reason}`) as unknown,
      });
    }
  });

  test('goes on with the other runs when one cannot be read', async () => {
    const dir = await newDir();
    for (const id of ['r1', 'r2', 'r3']) {
      const run = await OfflineRun.open(optionsIn(dir, { id }));
      await run.exit(0, 1);
      if (id === 'r1') await writeFile(run.path, 'this is no log');
      if (id === 'r2') await truncate(run.path, 9);
    }
    const warnings: string[] = [];
    const { vendor, runs } = await importer(dir, { env: {}, warn: (message) => warnings.push(message) });
    const { signal } = new AbortController();
    const found = await all(runs(signal));
    expect([vendor, ...found.map(({ id }) => id)]).toEqual(['wandb', 'r1', 'wine/r3']);
    expect(found[0]?.unreadable).toContain('it is not a .wandb file');
    expect(warnings).toEqual([expect.stringContaining('run-r2.wandb is not taken over: it ends before it says of which run it is')]);
  });
});
