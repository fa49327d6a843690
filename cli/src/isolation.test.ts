import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  await project.mortise(['orchestrator', 'register', 'apart', '--flavor=local', '--isolation=process', '--pool=1']);
  await project.mortise(['stack', 'register', 'apart', '-o', 'apart', '-a', 'default', '-e', 'default']);
});
afterAll(() => project.remove());

/** What the steps of a file's pipeline printed, when run in child processes. */
async function printed(file: string): Promise<string> {
  const name = file.replace('/', '-');
  const { code, stdout, stderr } = await project.mortise(['run', file, '--stack', 'apart', '--name', name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { steps } = await project.json<PipelineRun>('runs', 'show', name);
  expect(Object.values(steps).map(({ status }) => status)).not.toContain('failed');
  return stdout;
}

const TWO = `const told = step('told', { cache: false }, () => { console.log(Mode.fast, process.connected); });`;

describe('mortise run with steps in child processes', () => {
  it('loads the file there as it did itself: by Node alone', async () => {
    project.write(
      'plain.ts',
      `import { pipeline, step } from '@mortise/core';
       const Mode = { fast: 'plain' } as const;
       ${TWO}
       export const p = pipeline('plain', () => { told(); });`,
    );
    expect(await printed('plain.ts')).toContain('plain true');
  });

  it('loads the file there as it did itself: through tsx, with the tsconfig.json that is nearest to it', async () => {
    project.write('deep/tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    project.write(
      'deep/enums.ts',
      `import { pipeline, step } from '@mortise/core';
       enum Mode { fast = 'enum' }
       const legacy = (target: object, name: string) => { if (typeof name !== 'string') throw new Error('standard decorators'); };
       class Noted { @legacy noted() {} }
       ${TWO}
       export const p = pipeline('enums', () => { told(); });`,
    );
    expect(await printed('deep/enums.ts')).toContain('enum true');
  });

  it('also on another stack, with --isolation process', async () => {
    project.write(
      'asked.ts',
      `import { pipeline, step } from '@mortise/core';
       const told = step('told', { cache: false }, () => { console.log('child', process.connected); });
       export const p = pipeline('asked', () => { told(); });`,
    );
    expect((await project.mortise(['run', 'asked.ts', '--isolation', 'process'])).stdout).toContain('child true');
    expect((await project.mortise(['run', 'asked.ts'])).stdout).toContain('child undefined');
  });

  it('finds a class that the file exports', async () => {
    project.write(
      'classes.ts',
      `import { pipeline, step } from '@mortise/core';
       export class Wine {
         @step({ cache: false }) async where() { console.log('class', process.connected); }
         @pipeline() async run() { await this.where(); }
       }`,
    );
    expect(await printed('classes.ts')).toContain('class true');
  });
});
