import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { buildCommand } from '../cli/src/testing/cli-project.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

const PROGRAM = `
import { pipeline, runPipeline, step } from '@mortise/core';
const load = step('load', () => [1, 2, 3]);
const scale = step('scale', ({ rows, rate }: { rows: number[]; rate: number }) => rows.map((row) => row * rate));
const scaled = pipeline('scaled', { params: { rate: 0.1, word: 'a' } }, ({ rate }) => ({ rows: scale({ rows: load(), rate }) }));
pipeline('outer', () => scaled());
class Scaled {
  @step() async load() { return 1; }
  @pipeline({ params: { rate: 1 } }) async run({ rate }: { rate: number }) { return (await this.load()) * rate; }
}
export const rows: () => Promise<number[]> = async () => (await scaled.run()).result.rows;
void scaled.run({ rate: 1 });
void runPipeline(Scaled, { rate: 2 });
// @ts-expect-error: a param of another type
void scaled.run({ rate: 'fast' });
// @ts-expect-error: an unknown param
void scaled.run({ speed: 1 });
// @ts-expect-error: a wrong wire
pipeline('wrong', () => scale({ rows: scaled(), rate: 1 }));
`;

let folder: string;
beforeAll(() => {
  buildCommand();
  folder = mkdtempSync(join(tmpdir(), 'mortise-without-strict-'));
  const core = join(folder, 'node_modules/@mortise/core');
  cpSync(join(repository, 'core/package.json'), join(core, 'package.json'));
  cpSync(join(repository, 'core/dist'), join(core, 'dist'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@types'));
  symlinkSync(join(repository, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'program.ts'), PROGRAM.trim());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a program that is compiled without strict may leave out params that have defaults, and is told of wrong ones', () => {
  const options = ['--noEmit', '--strict', 'false', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--pretty', 'false'];
  const tsc = spawnSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), ...options, 'program.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});
