import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FlavorView, Listing, PipelineRun, StackView } from '@mortise/core/client';

import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';
import { registerDiary, trackedPipeline } from './testing/flavor-sources.ts';

let project: CliProject;

beforeAll(() => buildCommand());
beforeEach(async () => {
  project?.remove();
  project = cliProject();
  await project.mortise(['init']);
  project.write('wine.js', trackedPipeline);
});
afterAll(() => project.remove());

/** What a command prints that must succeed. */
async function mortise(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.mortise(args);
  if (code !== 0) throw new Error(`mortise ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

const flavors = (type: string): Promise<Listing<FlavorView>> => project.json(type, 'flavor', 'list');
const flavor = async (type: string, name: string) => (await flavors(type)).items.find((each) => each.name === name);

describe('a flavor that breaks later', () => {
  beforeEach(() => registerDiary(project));
  const gone = (): void => renameSync(join(project.folder, 'node_modules/acme-diary'), join(project.folder, 'away'));

  it('because its package is gone is shown with the reason, and stops only the runs that use it, before any step', async () => {
    gone();
    const reason = `there is no module "acme-diary": looked for ${project.folder}/node_modules/acme-diary and in the folders above`;
    expect(await flavor('experiment-tracker', 'diary')).toMatchObject({ status: 'broken', reason });
    expect(await mortise('experiment-tracker', 'flavor', 'list')).toContain(`broken: ${reason}`);
    expect(await mortise('stack', 'list')).toMatch(/^ +team .* flavor "diary" is broken$/m);
    expect(await mortise('stack', 'describe', 'team')).toContain(
      `broken: the experiment tracker flavor "diary": ${reason}. Mend it, then run "mortise experiment-tracker flavor refresh diary".`,
    );
    const { components } = await project.json<StackView>('stack', 'describe', 'team');
    expect(components.map(({ flavorProblem }) => flavorProblem)).toEqual([null, null, reason]);

    const { code, stderr } = await project.mortise(['run', 'wine.js', '--stack', 'team']);
    expect([code, stderr]).toEqual([
      1,
      `error FLAVOR_BROKEN: the experiment tracker flavor "diary" cannot be loaded: ${reason}. Run "npm install acme-diary" in the project.\n`,
    ]);
    expect((await project.json<Listing<PipelineRun>>('runs', 'list')).items).toEqual([]);
    expect((await project.mortise(['run', 'wine.js', '--stack', 'default'])).code).toBe(0);
  });

  it.each([
    ['its implementation', 'tracker.js', 'no licence'],
    ['its module', 'index.js', 'no licence'],
    ['its config', 'config.js', 'no licence'],
  ])('because %s throws is shown as broken once a run has met that, and no longer once a run could load it', async (_, file, reason) => {
    const path = join(project.folder, 'node_modules/acme-diary/lib', file);
    const code = readFileSync(path, 'utf8');
    project.write(`node_modules/acme-diary/lib/${file}`, `throw new Error('${reason}');\n${code}`);
    expect(await flavor('experiment-tracker', 'diary')).toMatchObject({ status: 'available' });
    const { stderr } = await project.mortise(['run', 'wine.js', '--stack', 'team']);
    expect(stderr).toMatch(/^error FLAVOR_BROKEN: the experiment tracker flavor "diary" cannot be loaded: .*no licence.*\n$/);
    expect((await flavor('experiment-tracker', 'diary'))!.reason).toContain(reason);
    expect(await mortise('stack', 'list')).toContain('flavor "diary" is broken');
    project.write(`node_modules/acme-diary/lib/${file}`, code);
    await mortise('run', 'wine.js', '--stack', 'team');
    expect(await flavor('experiment-tracker', 'diary')).toMatchObject({ status: 'available', reason: null });
  });

  it.each([
    ['is written for another interface', ['apiVersion: 1', 'apiVersion: 2'], 'version 2 of the flavor interface'],
    ['has another name', [`name: 'diary'`, `name: 'journal'`], 'its name is "journal" now'],
    ['is of another type', [`type: 'experiment-tracker'`, `type: 'alerter'`], 'is a flavor of the type "alerter"'],
    ['is exported no longer', ['export const diary', 'export const journal'], 'acme-diary exports no "diary"'],
  ])('because it %s is told by a refresh', async (_, [from, to], reason) => {
    const path = 'node_modules/acme-diary/lib/index.js';
    project.write(path, readFileSync(join(project.folder, path), 'utf8').replace(from!, to!));
    const { code, stdout } = await project.mortise(['experiment-tracker', 'flavor', 'refresh']);
    expect([code, stdout.split('\n')[1]]).toEqual([1, expect.stringContaining(`experiment-tracker flavor "diary" is broken: `)]);
    expect(stdout).toContain(reason);
    expect((await flavor('experiment-tracker', 'diary'))!.reason).toContain(reason);
  });

  it('is as it was again when its package is back, of a newer version as a refresh says', async () => {
    gone();
    expect((await project.mortise(['experiment-tracker', 'flavor', 'refresh', 'diary'])).code).toBe(1);
    renameSync(join(project.folder, 'away'), join(project.folder, 'node_modules/acme-diary'));
    const path = 'node_modules/acme-diary/package.json';
    project.write(path, readFileSync(join(project.folder, path), 'utf8').replace('1.2.0', '1.3.0'));
    expect(await mortise('experiment-tracker', 'flavor', 'refresh', 'diary')).toMatch(
      /^experiment-tracker flavor "diary" can be loaded again \(it was broken: .*\); version 1\.2\.0 -> 1\.3\.0$/m,
    );
    expect(await flavor('experiment-tracker', 'diary')).toMatchObject({ version: '1.3.0', status: 'available' });
  });
});
