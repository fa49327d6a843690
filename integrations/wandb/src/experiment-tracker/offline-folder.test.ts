import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, Permanent } from '@mortise/core';

import { readOfflineRun } from '../testing/offline-backend.ts';
import { curve, eventsOf, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-folder-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

test.each([
  ['below which the system makes none', () => '/proc/none/of/these', 'ENOENT'],
  [
    'that is a file',
    () => {
      writeFileSync(join(folder, 'taken'), '');
      return join(folder, 'taken', 'in');
    },
    'EEXIST',
  ],
])('a folder %s is refused in one line, by check and by open', async (_, dirOf, code) => {
  const dir = dirOf();
  const tracker = await trackerWith({ mode: 'offline', dir });
  for (const work of [tracker.check(never), tracker.open(newIdentity(), newStart(), undefined, never)]) {
    const error = await failure(work);
    expect(isError(error, Permanent) && error.message).toBe(
      `offline runs cannot be written below ${join(dir, 'wandb')} (${code}): check dir, or WANDB_DIR`,
    );
  }
});

test('a folder that can be written to is well', async () => {
  const tracker = await trackerWith({ mode: 'offline', dir: join(folder, 'new') });
  await tracker.check(never);
  expect((await tracker.open(newIdentity(), newStart(), undefined, never)).ref.url).toContain(join(folder, 'new', 'wandb'));
});

test('one in which nobody may make folders, not even root, is refused, too', async () => {
  const tracker = await trackerWith({ mode: 'offline', dir: '/sys/mortise' });
  const error = await failure(tracker.open(newIdentity(), newStart(), undefined, never));
  expect(isError(error, Permanent) && error.message).toMatch(/\((EACCES|EPERM|EROFS)\): check dir/);
});

describe('a run that was begun in another process', () => {
  const begun = async (dir: string) => {
    const id = newIdentity();
    const tracker = await trackerWith({ mode: 'offline', dir });
    const run = await tracker.open(id, newStart(), undefined, never);
    await run.deliver(eventsOf(curve('loss', 2)), never);
    await tracker[Symbol.asyncDispose]();
    return { id, known: run.ref };
  };
  const goOn = async (dir: string, { id, known }: Awaited<ReturnType<typeof begun>>) => {
    const warnings: string[] = [];
    const tracker = await trackerWith({ mode: 'offline', dir }, { warnings });
    const run = await tracker.open(id, newStart(), known, never);
    await run.deliver(eventsOf(curve('loss', 1, 2), 3), never);
    const { url } = await run.close({ status: 'completed' }, Date.now(), never);
    const path = fileURLToPath(url!);
    const { WANDB_DIR: childDir } = tracker.childEnv(run.ref);
    return { path, childDir, steps: (await readOfflineRun(path)).metrics.map(({ step }) => step), warnings };
  };

  test('goes on where it is, also when the config names another folder by now', async () => {
    const before = await begun(join(folder, 'old'));
    const path = fileURLToPath(before.known.url!);
    expect(await goOn(join(folder, 'new'), before)).toEqual({ path, childDir: join(folder, 'old'), steps: [0, 1, 2], warnings: [] });
  });

  test('goes on where it was moved to with its folder', async () => {
    const before = await begun(join(folder, 'old'));
    renameSync(join(folder, 'old'), join(folder, 'moved'));
    expect(await goOn(join(folder, 'moved'), before)).toMatchObject({ steps: [0, 1, 2], warnings: [] });
  });

  test('and is gone begins anew, and one line says so', async () => {
    const before = await begun(join(folder, 'old'));
    rmSync(join(folder, 'old'), { recursive: true });
    const { path, steps, warnings } = await goOn(join(folder, 'new'), before);
    expect([path.startsWith(join(folder, 'new')), steps]).toEqual([true, [2]]);
    const was = fileURLToPath(before.known.url!);
    expect(warnings).toEqual([`train: the offline run of ${was} is gone: what was delivered to it is not in ${path}, which is begun anew`]);
  });
});
