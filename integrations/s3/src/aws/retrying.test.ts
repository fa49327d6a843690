import { describe, expect, it } from '@jest/globals';

import { S3Failure, type FailureKind } from '../s3-failure.ts';
import { retrying } from './retrying.ts';

/** How often a call is tried that fails in this way for good. */
async function tries(kind: FailureKind, most?: number): Promise<number> {
  let count = 0;
  const call = async (): Promise<never> => {
    count++;
    throw new S3Failure(kind, 'no');
  };
  await expect(retrying(call, { signal: undefined, ...(most !== undefined && { tries: most }) })).rejects.toMatchObject({ kind });
  return count;
}

describe('a call', () => {
  it.each<[FailureKind, number, number]>([
    ['unreachable', 6, 2],
    ['damaged', 6, 2],
    ['timeout', 3, 2],
    ['folder', 5, 5],
    ['denied', 1, 1],
  ])('that always fails with "%s" is tried %i times, and %i times when two are enough', async (kind, often, seldom) => {
    expect(await Promise.all([tries(kind), tries(kind, 2)])).toEqual([often, seldom]);
  });

  it('that met a folder which was just taken away is carried out', async () => {
    let left = 3;
    const call = async (): Promise<string> => {
      if (--left > 0) throw new S3Failure('folder', 'it is the folder of another object');
      return 'done';
    };
    expect(await retrying(call, { signal: undefined })).toBe('done');
  });
});
