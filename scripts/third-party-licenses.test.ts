import { globSync, readFileSync, statSync } from 'node:fs';

import { beforeAll, expect, test } from '@jest/globals';

import { buildCommand } from '../cli/src/testing/cli-project.ts';

beforeAll(() => buildCommand());

test('each library that is bundled into a package has its copyright notice told there', () => {
  const entries = globSync('{core,cli,flavors/*,integrations/*}/dist/THIRD-PARTY-LICENSES.txt').flatMap((file) =>
    readFileSync(file, 'utf8')
      .split(/^(?=\S+ \d+\.\d+\.\d+ \(.*\)\n\n)/m)
      .filter((entry) => entry.trim() !== ''),
  );
  expect(entries.length).toBeGreaterThan(20);
  expect(entries.filter((entry) => !/copyright/i.test(entry))).toEqual([]);
});

test('a package that has no code of others within ships no empty list of it', () => {
  const lists = globSync('{core,cli,flavors/*,integrations/*}/dist/THIRD-PARTY-LICENSES.txt');
  expect(lists.filter((file) => statSync(file).size === 0)).toEqual([]);
});

test('the code of Google in the protocol buffers of W&B and Neptune comes with its terms', () => {
  for (const name of ['wandb-client', 'neptune']) {
    const licenses = readFileSync(`integrations/${name}/dist/THIRD-PARTY-LICENSES.txt`, 'utf8');
    expect(licenses).toContain('Copyright 2008 Google Inc.');
    expect(licenses).toContain('Redistributions in binary form must reproduce the above');
  }
});
