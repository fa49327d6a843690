import { randomBytes } from 'node:crypto';

import { CRC32C } from '@google-cloud/storage';
import { describe, expect, it } from '@jest/globals';

import { Crc32c } from './crc32c.ts';

describe('the sum that GCS checks', () => {
  it('is the one of its standard', () => {
    const sum = new Crc32c();
    sum.update(Buffer.from('123456789'));
    expect(Buffer.from(sum.digest(), 'base64').toString('hex')).toBe('e3069283');
  });

  it("is that of Google's own code, whatever the lengths of the chunks are", () => {
    for (const lengths of [[0], [1], [7], [8], [9], [100, 1, 0, 65_537], [3, 5, 8, 13, 21]]) {
      const ours = new Crc32c();
      const theirs = new CRC32C();
      for (const length of lengths) {
        const chunk = randomBytes(length);
        ours.update(chunk);
        theirs.update(chunk);
      }
      expect(ours.digest()).toBe(theirs.toString());
    }
  });
});
