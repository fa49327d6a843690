import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { testTwice } from './test-twice.ts';

let folder: string;
let runs: (readonly string[])[];
let printed: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-twice-'));
  runs = [];
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  writeFileSync(
    join(folder, 'jest.config.json'),
    JSON.stringify({ transform: {}, testTimeout: 60_000, reporters: [resolve('scripts/last-line-reporter.mjs')] }),
  );
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, `${name}.test.js`), text);
const GOOD = `test('is good', () => {}); test('is good, too', () => {});`;
const ONCE = `const { existsSync, writeFileSync } = require('node:fs');
test('stands', () => {});
test('falls once', () => { if (!existsSync('seen')) { writeFileSync('seen', ''); throw new Error('once'); } });`;
const BAD = `test('stands', () => {}); test('always falls', () => { throw new Error('always'); });`;

const run = async (args: readonly string[], env: object): Promise<number> => {
  runs.push(args);
  const { status } = spawnSync(process.execPath, [resolve('node_modules/jest/bin/jest.js'), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  return status ?? 1;
};

test('when all pass, they are run once', async () => {
  write('good', GOOD);
  expect(await testTwice(run, [])).toBe(0);
  expect({ runs, printed }).toEqual({ runs: [[]], printed: [] });
});

test('what fell is run once more, alone, and is named when it passes then', async () => {
  write('good', GOOD);
  write('once', ONCE);
  expect(await testTwice(run, [])).toBe(0);
  expect(runs).toEqual([[], ['--runInBand', '--runTestsByPath', 'once.test.js']]);
  expect(printed).toEqual(['\nOne file once more, alone:', 'passed only the second time: once.test.js: falls once', '4 passed, 0 failed']);
});

test('what falls twice has failed, also a file that cannot be loaded', async () => {
  write('good', GOOD);
  write('once', ONCE);
  write('bad', BAD);
  write('broken', `import from;`);
  expect(await testTwice(run, [])).not.toBe(0);
  expect(printed.slice(1)).toEqual(['passed only the second time: once.test.js: falls once', '5 passed, 2 failed']);
});

test.each([
  ['the tests were picked by hand', ['bad'], 1],
  ['many files fall', [], 4],
])('there is no second run when %s', async (_what, args, files) => {
  for (let index = 0; index < files; index++) write(`bad-${index}`, BAD);
  expect(await testTwice(run, args)).not.toBe(0);
  expect({ runs, printed }).toEqual({ runs: [args], printed: [] });
});

test('when jest ends without a word, its exit code stands', async () => {
  expect(await testTwice(async () => 137, [])).toBe(137);
});
