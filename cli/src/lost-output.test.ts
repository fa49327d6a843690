import { openSync, closeSync, existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

/** A device that is always full. */
const FULL = '/dev/full';
const describeWithFull = existsSync(FULL) ? describe : describe.skip;

let project: CliProject;
let full: number;
beforeAll(async () => {
  buildCommand();
  full = openSync(FULL, 'w');
  project = cliProject();
  await project.mortise(['init']);
  project.write(
    'talks.js',
    `import { pipeline, step } from '@mortise/core';
     const talk = step('talk', async () => {
       for (const stream of [process.stdout, process.stderr]) stream.write('a word\\n');
       await new Promise((resolve) => setTimeout(resolve, 50));
       return 1;
     });
     export const talks = pipeline('talks', () => { talk(); });`,
  );
  project.write(
    'long.js',
    `import { pipeline, step } from '@mortise/core';
     const counts = step('counts', { cache: false }, async () => {
       for (let i = 0; i < 600; i++) { console.log(i); await new Promise((resolve) => setTimeout(resolve, 100)); }
     });
     export const long = pipeline('long', () => { counts(); });`,
  );
});
afterAll(() => {
  closeSync(full);
  project.remove();
});

describeWithFull('output that cannot be written, as the disk of the file that it goes to is full', () => {
  it('is told on stderr in one true line, and the exit code says so', async () => {
    for (const command of [
      ['runs', 'list'],
      ['stack', 'list', '--output', 'json'],
    ]) {
      const { code, stderr } = await project.mortise(command, { output: { stdout: full } });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error OUTPUT_LOST: [^\n]*ENOSPC[^\n]*\n$/)]);
    }
  });

  it('stops no run: it goes on to its end, and then says what was lost', async () => {
    const { code, stderr } = await project.mortise(['run', 'talks.js', '--name', 'unheard'], { output: { stdout: full } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^a word\nerror OUTPUT_LOST: [^\n]*\n$/)]);
    expect(await project.json('runs', 'show', 'unheard')).toMatchObject({ status: 'completed', error: null, warnings: [] });
  });

  it('costs a run nothing where it is stderr', async () => {
    const { code, stdout } = await project.mortise(['run', 'talks.js', '--name', 'unwarned'], { output: { stderr: full } });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^run unwarned {2}completed /m)]);
  });
});

it('who follows a run and has read enough of it (| grep -m 1) does not wait for its end', async () => {
  const run = project.mortise(['run', 'long.js', '--name', 'long']);
  while ((await project.mortise(['runs', 'show', 'long'])).code !== 0);
  const { code, stdout, stderr } = await project.mortise(['runs', 'logs', 'long', '--follow'], {
    started: ({ stdout: read }) => void read!.once('data', () => read!.destroy()),
  });
  expect([code, stdout.split('\n')[0], stderr]).toEqual([0, 'counts | 0', '']);
  expect((await project.mortise(['runs', 'cancel', 'long'])).stderr).toBe('');
  await run;
});
