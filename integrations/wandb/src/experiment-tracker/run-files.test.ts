import { expect, test } from '@jest/globals';

import { versionedArtifact } from './run-files.ts';

const never = async function* (): AsyncGenerator<Uint8Array> {};
const nameOf = (path: string): string =>
  versionedArtifact({ writer: 'w', seq: 1, at: 0, kind: 'artifact', path, uri: 'file:///w', sha256: 'x', size: 1, type: 'model' }, never)
    .name;

test('artifacts of two paths never are versions of one, and each has a name that W&B takes', () => {
  const long = 'x'.repeat(128);
  const paths = ['a/b', 'a-b', 'a b', 'a--b', 'a-/b', 'a/-b', 'a_b', 'a.b', 'pr\u00fcfung', 'pr\u00f6fung', long, `${long}y`, `${long}z`];
  const names = paths.map(nameOf);
  expect(new Set(names).size).toBe(paths.length);
  expect(names.filter((name) => !/^[A-Za-z0-9._-]{1,128}$/.test(name))).toEqual([]);
  expect([nameOf('model/weights.bin'), nameOf('best-model_2.bin')]).toEqual(['model--weights.bin', 'best-model_2.bin']);
});
