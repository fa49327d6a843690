import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
});
afterAll(() => project.remove());

const mortise = (...args: string[]) => project.mortise(args);

describe('what is printed of a run', () => {
  it('has one line for an error of several, and prints it whole with its stack under --verbose, as "runs show" does', async () => {
    project.write(
      'lines.js',
      `import { pipeline, step } from '@mortise/core';
       const bad = step('bad', { retry: { retries: 1, delayMs: 5 } }, async () => { throw new TypeError('one\\ntwo'); });
       export const lines = pipeline('lines', () => { bad(); });`,
    );
    const short = [(await mortise('run', 'lines.js', '--name', 'lines')).stdout, (await mortise('runs', 'show', 'lines')).stdout];
    expect(short[0]).toMatch(/^ {2}bad retrying: one\n {2}bad started \(attempt 2\)$/m);
    expect(short[0]).toMatch(/^run lines {2}failed in .*\nstep "bad" failed: one$/m);
    expect(short[1]).toMatch(/^error +step "bad" failed: one$/m);
    for (const text of short) expect(text).not.toMatch(/two|lines\.js:/);
    const long = [(await mortise('run', 'lines.js', '--verbose')).stdout, (await mortise('runs', 'show', 'lines', '--verbose')).stdout];
    for (const text of long) expect(text).toMatch(/^error of step "bad":\nTypeError: one\ntwo\n +at .*lines\.js:/m);
  });

  it('shows notes, JSON, tables, figures and files by name, and who made it where', async () => {
    project.write(
      'logs.js',
      `import { activeRun, pipeline, step } from '@mortise/core';
       const log = step('log', { experimentTracker: true }, async () => {
         activeRun().setNote('first words\\nmore');
         activeRun().logTable('rows', [{ a: 1 }]);
         activeRun().logJson('report', {});
         await activeRun().logArtifact(Buffer.from('x'), { path: 'plots/x.txt' });
       });
       export const logs = pipeline('logs', () => { log(); });`,
    );
    await mortise('run', 'logs.js', '--name', 'logs');
    const { stdout } = await mortise('runs', 'show', 'logs');
    for (const line of [/^log +note +first words$/m, /^log +table +rows$/m, /^log +json +report$/m, /^log +file +plots\/x\.txt$/m])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(new RegExp(`^made by +.*${hostname()}, Node ${process.versions.node}$`, 'm'));
  });
});
