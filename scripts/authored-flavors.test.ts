import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { COMPONENT_TYPES } from '../cli/src/component-types.ts';
import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

let project: CliProject;
beforeAll(() => {
  buildCommand();
  project = cliProject();
});
afterAll(() => project.remove());

/** How many of its tests passed and failed, or all that was printed if that was not said. */
function npmTest(folder: string): { passed: number; failed: number } | string {
  const { stdout, stderr } = spawnSync('npm', ['test', '--silent'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [, passed] = /^. pass (\d+)$/m.exec(stdout) ?? [];
  const [, failed] = /^. fail (\d+)$/m.exec(stdout) ?? [];
  if (passed === undefined || failed !== '0') return stdout + stderr;
  return { passed: Number(passed), failed: Number(failed) };
}

describe('npm test', () => {
  it.each(COMPONENT_TYPES.map(({ type }) => type))(
    'of a new flavor for an %s compiles it and passes the conformance suite',
    async (type) => {
      const folder = join(project.folder, type);
      expect(await project.mortise(['flavor', 'new', type, 'my-own', '--folder', folder])).toMatchObject({ code: 0, stderr: '' });
      symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir');
      expect(npmTest(folder)).toEqual({ passed: expect.any(Number), failed: 0 });
    },
  );

  it.each(['custom-tracker-flavor', 'custom-artifact-store-flavor'])(
    'of examples/%s compiles it and passes the conformance suite',
    (example) => expect(npmTest(join(repository, 'examples', example))).toEqual({ passed: expect.any(Number), failed: 0 }),
  );
});
