import { expect, it } from '@jest/globals';
import { retryAfter } from './retry-after.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');

it.each([
  [null, undefined],
  ['2', 2_000],
  ['0', 0],
  ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
  ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
  ['soon', undefined],
])('Retry-After %j is %p ms', (header, ms) => expect(retryAfter(header, NOW)).toBe(ms));
