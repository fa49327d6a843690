import { chmodSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject, type CliProject, type CommandResult } from './testing/cli-project.ts';

let project: CliProject;
/** What registering each component said. */
const registered: Record<string, CommandResult> = {};
let silent: Server;
const sockets: Socket[] = [];
const mortise = (...args: string[]) => project.mortise(args);

beforeAll(async () => {
  buildCommand();
  project = cliProject();
  // Takes connections, and never answers.
  silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume())).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  project.write(
    'bell.js',
    `import { connect } from 'node:net';
     import { defineFlavor } from '@mortise/core';
     // Hears of no signal, and keeps its connection.
     const hang = () => new Promise(() => connect(${port}, '127.0.0.1'));
     const bell = (name, part) => defineFlavor({ apiVersion: 1, type: 'alerter', name, load: async () => ({
       create: async () => ({ send: async () => {}, ...(await part()) }),
     }) });
     export const good = bell('good', () => ({ check: async () => {} }));
     export const unasked = bell('unasked', () => ({}));
     export const deaf = bell('deaf', () => ({ check: hang }));
     export const stuck = bell('stuck', hang);
     export const refused = bell('refused', () => ({ check: async () => { throw new Error('401 Unauthorized\\nmore'); } }));`,
  );
  await mortise('init');
  for (const name of ['good', 'unasked', 'deaf', 'stuck', 'refused']) {
    expect(await mortise('alerter', 'flavor', 'register', `./bell.js#${name}`)).toMatchObject({ code: 0 });
    registered[name] = await mortise('alerter', 'register', name, `--flavor=${name}`);
  }
  const parts = ['-o', 'default', '-a', 'default'];
  await mortise('stack', 'register', 'fine', ...parts, '-al', 'good', '-al', 'unasked');
  await mortise('stack', 'register', 'bad', ...parts, '-al', 'good', '-al', 'deaf', '-al', 'stuck', '-al', 'refused');
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  project.remove();
});

describe('registering a component', () => {
  it.each([
    ['good', ''],
    ['unasked', ''],
    ['refused', 'warning: it cannot be used from here as it is: 401 Unauthorized more\n'],
    ['deaf', 'warning: it cannot be used from here as it is: checking it took longer than 3 s\n'],
    ['stuck', 'warning: it cannot be used from here as it is: making it took longer than 3 s\n'],
  ])('that is %s registers it, and warns in one line of what it cannot do', (name, warning) => {
    expect(registered[name]).toEqual({ code: 0, stdout: `registered alerter "${name}" (${name})\n${warning}`, stderr: '' });
  });
});

describe('stack validate', () => {
  it('ends with 0 and says ok of each component when all can be used', async () => {
    const { code, stdout, stderr } = await mortise('stack', 'validate', 'fine');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^stack fine$/m);
    expect(stdout).toMatch(/^alerter +good +good +ok +[\d.]+ s$/m);
    expect(stdout).toMatch(/^alerter +unasked +unasked +ok +[\d.]+ s +not asked: its flavor has no check$/m);
  });

  it('of no name takes the active stack', async () => {
    expect((await mortise('stack', 'validate')).stdout).toMatch(/^stack default$/m);
  });

  it('ends with 1 within its limit, one line for each problem, though components hang and keep connections open', async () => {
    const connections = sockets.length;
    const { code, stdout, stderr } = await mortise('stack', 'validate', 'bad', '--timeout', '4');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^alerter +good +good +ok /m);
    expect(stdout).toMatch(/^alerter +deaf +deaf +failed .*checking it took longer than 4 s$/m);
    expect(stdout).toMatch(/^alerter +stuck +stuck +failed .*making it took longer than 4 s$/m);
    expect(stdout).toMatch(/^alerter +refused +refused +failed .*401 Unauthorized more$/m);
    expect(stderr).toBe(
      'error STACK_INVALID: stack "bad" cannot be used as it is: alerter deaf, alerter stuck, alerter refused. What is wrong with each stands in its line above.\n',
    );
    expect(sockets.length - connections).toBe(2);
  });

  it('gives all of it as JSON', async () => {
    const { code, stdout } = await mortise('stack', 'validate', 'bad', '--timeout', '4', '--output', 'json');
    expect(code).toBe(1);
    const { stack, ok, components } = JSON.parse(stdout) as { stack: string; ok: boolean; components: object[] };
    expect([stack, ok]).toEqual(['bad', false]);
    expect(components[2]).toEqual({
      type: 'alerter',
      name: 'good',
      flavor: 'good',
      ok: true,
      checked: true,
      problem: null,
      durationMs: expect.any(Number),
    });
  });

  it('tells of a folder that cannot be written', async () => {
    const artifacts = join(project.folder, '.mortise/artifacts');
    chmodSync(join(artifacts, '.tmp'), 0o555);
    const { code, stdout } = await project.mortise(['stack', 'validate', 'fine'], { unprivileged: true });
    chmodSync(join(artifacts, '.tmp'), 0o755);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^artifact-store +default +local +failed .*FOLDER_NOT_WRITABLE: .*permission denied/m);
  });

  it.each([
    [['validate', 'fien'], 'UNKNOWN_STACK: no stack named "fien"'],
    [['validate', '--timeout', 'soon'], 'BAD_USAGE: --timeout is to be a number of seconds above 0, not "soon"'],
    [['validate', '--timeout', '0'], 'BAD_USAGE: --timeout is to be'],
  ])('%j is a mistake of one line', async (args, line) => {
    const { code, stdout, stderr } = await mortise('stack', ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`error ${line}`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('settings', () => {
  it('of each step are shown by "runs show"; an unknown one ends "run" with one line, before any step', async () => {
    project.write(
      'set.js',
      `import { pipeline, step } from '@mortise/core';
       const of = (settings) => step('train', { experimentTracker: true, settings }, () => console.log('step ran'));
       export const right = pipeline('right', () => void of({ 'experiment-tracker': { runName: 'best', tags: { kind: 'final' } } })());
       export const wrong = pipeline('wrong', () => void of({ 'experiment-tracker.local': { runNam: 'best' } })());`,
    );
    await mortise('experiment-tracker', 'register', 'mine', '--flavor=local');
    await mortise('stack', 'register', 'tracked', '-o', 'default', '-a', 'default', '-e', 'mine');
    expect(await mortise('run', 'set.js#right', '--stack', 'tracked')).toMatchObject({ code: 0 });
    const { stdout } = await mortise('runs', 'show', 'latest');
    expect(stdout).toMatch(/^STEP +COMPONENT +SETTINGS\ntrain +experiment-tracker:mine +runName=best tags=\{"kind":"final"\}$/m);
    const wrong = await mortise('run', 'set.js#wrong', '--stack', 'tracked');
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).not.toContain('step ran');
    expect(wrong.stderr).toBe(
      'error SETTINGS_UNKNOWN_KEY: step "train" sets "runNam", and the experiment tracker "mine" (local) has no such setting. Did you mean "runName"?\n',
    );
  });
});
