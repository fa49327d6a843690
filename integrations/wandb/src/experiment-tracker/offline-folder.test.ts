import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isError, Permanent } from '@mortise/core';

import { never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

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
