import { expect, test } from '@jest/globals';
import type { ArtifactRecord } from '@mortise/wandb-client';
import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { newDir } from '../testing/imported-runs.ts';
import { filesOfArtifact } from './file-events.ts';

const ARTIFACT: ArtifactRecord = {
  ...{ runId: 'r1', type: 'dataset', name: 'data', digest: 'd', aliases: [], clientId: 'c', sequenceClientId: 's', entries: [] },
};

async function takenOf(entriesPath: string): Promise<{ paths: string[]; told: string[] }> {
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const files = await filesOfArtifact({ ...ARTIFACT, entriesPath }, 'data', tell, new AbortController().signal);
  return { paths: files.map(({ path }) => path), told };
}

test('the files of an artifact that has so many that they are listed in a file of their own are taken over, or told of', async () => {
  const dir = await newDir();
  const md5 = (text: string): string => createHash('md5').update(text).digest('base64');
  await writeFile(join(dir, 'kept'), 'kept');
  await writeFile(join(dir, 'other'), 'other');
  const entries = [
    { path: 'ünï/kept', digest: md5('kept'), size: 4, extra: {}, local_path: join(dir, 'kept'), skip_cache: false },
    { path: 'quick', digest: 'of xxhash', size: 4, extra: { alg: 'XXH128' }, local_path: join(dir, 'kept'), skip_cache: false },
    { path: 'other', digest: md5('was another'), size: 5, extra: {}, local_path: join(dir, 'other'), skip_cache: false },
    { path: 'far', digest: 'etag', ref: 's3://b/far', size: 7, extra: {}, skip_cache: false },
    { path: 'here', digest: md5('kept'), ref: `file://${join(dir, 'kept')}`, size: 4, extra: {}, skip_cache: false },
  ];
  const list = join(dir, '1.manifest_contents.jl.gz');
  await writeFile(list, gzipSync(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
  expect(await takenOf(list)).toEqual({
    paths: ['data/ünï/kept', 'data/quick'],
    told: [
      '1 of 5 files of its artifact data are not taken over: they are others now than when they were logged',
      '1 of 5 files of its artifact data are not taken over: they are not on this machine',
      '1 of 5 files of its artifact data are not taken over: W&B was told where they are, and not given them',
      '1 of 5 files of its artifact data may be others now than when they were logged: as their digest is no MD5, only the size was compared',
    ],
  });
  await truncate(list, 60);
  const told = (path: string): string[] => [`the files of its artifact data are not taken over: their list cannot be read at ${path}`];
  expect(await takenOf(list)).toEqual({ paths: [], told: told(list) });
  expect(await takenOf(join(dir, 'gone'))).toEqual({ paths: [], told: told(join(dir, 'gone')) });
});
