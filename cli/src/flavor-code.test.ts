import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';
import { alerterFlavor, trackedPipeline } from './testing/flavor-sources.ts';

let project: CliProject;

beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write('wine.js', trackedPipeline);
});
afterAll(() => project.remove());

/** What registering an alerter flavor comes to whose module has this code at its top. */
async function register(name: string, top: string, ending = 'js') {
  project.write(`${name}.${ending}`, alerterFlavor(name, top));
  const { code, stderr } = await project.mortise(['alerter', 'flavor', 'register', `./${name}.${ending}`]);
  return { code, stderr };
}

describe('code of a flavor', () => {
  it('that leaves a timer running does not keep a command whose work is done', async () => {
    expect(await register('ticking', 'setInterval(() => {}, 1000);')).toEqual({ code: 0, stderr: '' });
  });

  it('that ends the process is no success: one line, exit code 1', async () => {
    const { code, stderr } = await register('leaving', 'process.exit(0);');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error ENDED_EARLY: [^\n]+\n$/)]);
  });

  it.each([
    ['late', `setTimeout(() => { throw new Error('stray'); }, 5); await new Promise((done) => setTimeout(done, 100));`],
    ['rejecting', `Promise.reject(new Error('stray'));`],
  ])('that throws where nobody waits (%s) is told in one line, exit code 1', async (name, top) => {
    const { code, stderr } = await register(name, top);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error STRAY_ERROR: [^\n]*Error: stray[^\n]*\n$/)]);
  });

  it('that calls a step where no pipeline is planned is told what to do about that', async () => {
    const top = `import { step } from '@mortise/core'; const load = step('load', () => 1); setTimeout(() => load(), 5); await new Promise((done) => setTimeout(done, 100));`;
    const { stderr } = await register('calling', top);
    expect(stderr).toMatch(
      /^error STRAY_ERROR: [^\n]*step "load" was called outside a pipeline\. Call it while a pipeline's body runs[^\n]*\n$/,
    );
  });

  it('that began to run is not run again by tsx, whatever it throws', async () => {
    const top = `import { appendFileSync } from 'node:fs'; appendFileSync(new URL('ran.txt', import.meta.url), 'x'); JSON.parse('{');`;
    const { code, stderr } = await register('parsing', top, 'ts');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error FLAVOR_IMPORT_FAILED: .*SyntaxError/)]);
    expect(readFileSync(join(project.folder, 'ran.txt'), 'utf8')).toBe('x');
  });

  it('that never answers is told after 30 s, and not by Node', async () => {
    const { code, stderr } = await register('silent', 'await new Promise(() => {});');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error FLAVOR_IMPORT_FAILED: .*did not answer within 30 s.*\n$/)]);
  });

  it('that ends the process before any step of a run began is told as that', async () => {
    const create = `load: async () => ({ create: async () => process.exit(0) })`;
    project.write('quit.js', alerterFlavor('quit').replace(/load: .*\}\);/, `${create} });`));
    expect(await project.mortise(['alerter', 'flavor', 'register', './quit.js'])).toMatchObject({ code: 0 });
    // Registering a component asks whether it can be used.
    const registered = await project.mortise(['alerter', 'register', 'quit', '--flavor=quit']);
    expect(registered).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error ENDED_EARLY: [^\n]*\n$/) });
    const parts = ['-o', 'default', '-a', 'default', '-e', 'default', '-al', 'quit'];
    expect(await project.mortise(['stack', 'register', 'quitting', ...parts])).toMatchObject({ code: 0 });
    const { code, stderr } = await project.mortise(['run', 'wine.js', '--stack', 'quitting']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error ENDED_EARLY: [^\n]*before any step began[^\n]*\n$/)]);
  });
});
