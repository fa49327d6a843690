import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { makeFolder } from './make-folder.ts';
import { OfflineRun } from './offline-run.ts';

test('makes a folder with those above it, and is content with one that is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-made-'));
  const path = join(folder, 'a', 'b');
  makeFolder(path);
  makeFolder(path);
  expect(statSync(path).isDirectory()).toBe(true);
  rmSync(folder, { recursive: true });
});

test('where the system makes none an offline run fails at once', async () => {
  const opened = OfflineRun.open({ dir: '/proc/none/of/these', id: 'r', config: {}, startedAt: 0 });
  await expect(opened).rejects.toMatchObject({ code: 'ENOENT' });
});
