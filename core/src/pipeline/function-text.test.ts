import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FunctionTexts } from './function-text.ts';

let cacheFolder: string;
beforeAll(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'mortise-functions-'));
});
afterAll(() => rmSync(cacheFolder, { recursive: true }));

const texts = (module = 'file:///m.ts') => new FunctionTexts({ module, cacheFolder });

const methods = {
  short: async () => 1,
  method() {
    return /[/*]/.test('a') ? 1 : 2;
  },
  other() {
    return /[/*]/.test('b') ? 1 : 2;
  },
};
class Hidden {
  #n = 1;
  read() {
    return this.#n;
  }
}

it('tells functions of any form apart by what is written in them', async () => {
  const fns = [() => 1, () => 2, methods.short, methods.method, methods.other, Hidden.prototype.read];
  const hashes = await Promise.all(fns.map((fn) => texts().hashOf(fn)));
  expect(new Set(hashes).size).toBe(fns.length);
  expect(await texts().hashOf(() => 1)).toBe(hashes[0]);
});

it('has none for a function that is bound or built in', async () => {
  expect(await texts().hashOf(methods.short.bind(null))).toBeUndefined();
  expect(await texts().hashOf(Math.max)).toBeUndefined();
});

it('remembers in one file a module, which is made anew when damaged', async () => {
  const module = 'file:///kept.ts';
  const first = await texts(module).hashOf(methods.method);
  const files = readdirSync(cacheFolder).filter((file) => file.endsWith('.functions.json'));
  expect(files).toHaveLength(2);
  for (const file of files) writeFileSync(join(cacheFolder, file), '{');
  expect(await texts(module).hashOf(methods.method)).toBe(first);
  expect(await texts(module).hashOf(methods.method)).toBe(first);
});
