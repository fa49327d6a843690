import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { never } from '../testing/play.ts';
import { saveFile } from './save-file.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-comet-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Gives one half at once, unless it is to wait with all of it, and what is left when it is let. */
function inHalves(waits = false): { bytes: AsyncIterable<Uint8Array>; goOn: PromiseWithResolvers<void> } {
  const goOn = Promise.withResolvers<void>();
  async function* halves(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!waits) yield Buffer.from('first ');
    await goOn.promise;
    if (waits) yield Buffer.from('first ');
    yield Buffer.from('second');
  }
  return { bytes: halves(), goOn };
}

test('a file that two write at once is whole when one of them has saved it, whatever becomes of the other', async () => {
  const path = join(folder, 'assets', 'a');
  const [one, other] = [inHalves(), inHalves(true)];
  const first = saveFile(path, one.bytes, never);
  await delay(50);
  const second = saveFile(path, other.bytes, never);
  await delay(50);
  one.goOn.resolve();
  await first;
  expect(readFileSync(path, 'utf8')).toBe('first second');
  other.goOn.reject(new Error('its disk is gone'));
  await expect(second).rejects.toThrow('its disk is gone');
  expect(readFileSync(path, 'utf8')).toBe('first second');
});

test('a file that cannot be saved leaves nothing: the disk may be what is full', async () => {
  const { bytes, goOn } = inHalves();
  const saved = saveFile(join(folder, 'a'), bytes, never);
  await delay(20);
  goOn.reject(new Error('it is gone'));
  await expect(saved).rejects.toThrow('it is gone');
  expect(readdirSync(folder)).toEqual([]);
});
