import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../../index.ts';
import { scriptProject, type ScriptProject } from '../../testing/script-project.ts';

let project: ScriptProject;

beforeAll(async () => {
  project = await scriptProject();
});
afterAll(() => project.remove());

describe('the code of a step is found again in its process', () => {
  it('in a CommonJS module', async () => {
    project.write(
      'common.cjs',
      `const { pipeline, step } = require('@mortise/core');
const where = step('where', { cache: false, isolation: 'process' }, async () => process.connected === true);
const p = pipeline('common', () => where());
p.run().then((run) => console.log(JSON.stringify([run.status, run.result])));`,
    );
    expect(await project.json('common.cjs')).toEqual(['completed', true]);
  });

  it('in a module whose top level resumes a run, which only its first process does', async () => {
    project.write(
      'resumes.ts',
      `import { existsSync, appendFileSync, writeFileSync } from 'node:fs';
import { pipeline, resumeRun, step } from '@mortise/core';
const fails = step('fails', { cache: false, isolation: 'process' }, async () => {
  if (!existsSync('mended')) throw new Error('not yet');
  return process.connected === true;
});
export const p = pipeline('resumes', () => fails());
appendFileSync('begun', 'x');
if (!existsSync('mended')) console.log(JSON.stringify([(await p.run({}, { name: 'resumes' })).status]));
else {
  const run = await resumeRun('resumes');
  console.log(JSON.stringify([run.status, run.result]));
}`,
    );
    expect(await project.json('resumes.ts')).toEqual(['failed']);
    project.write('mended', '');
    expect(await project.json('resumes.ts')).toEqual(['completed', true]);
  });
});

describe('a process that dies before its step begins', () => {
  it('fails the step, and nobody waits for it', async () => {
    project.write(
      'early.ts',
      `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pipeline, step } from '@mortise/core';
const leave = () => { if (existsSync('locked')) setTimeout(() => process.exit(3), 300); };
const leaves = step('leaves', { cache: false, isolation: 'process' }, async () => {
  writeFileSync('pid', String(process.pid));
  setInterval(leave, 20);
  return 1;
});
const next = step('next', { cache: false, isolation: 'process' }, async ({ n }: { n: number }) => n + 1);
const isGone = () => { try { return !process.kill(Number(readFileSync('pid', 'utf8')), 0); } catch { return true; } };
// The store is locked while the second step is about to begin, until the process is gone that it has got.
const onStep = ({ step, status }: { step: string; status: string }) => {
  if (step !== 'leaves' || status !== 'completed') return;
  const store = new DatabaseSync('.mortise/store.db');
  store.exec('BEGIN IMMEDIATE');
  writeFileSync('locked', '');
  const unlock = setInterval(() => {
    if (!isGone()) return;
    clearInterval(unlock);
    setTimeout(() => store.exec('COMMIT'), 200);
  }, 20);
};
await pipeline('early', () => next({ n: leaves() })).run({}, { name: 'early', onStep });`,
    );
    await project.run('early.ts');
    const { steps } = await new Client().getPipelineRun('early');
    expect(steps['next']!.error!.message).toMatch(/exited with code 3/);
  });
});
