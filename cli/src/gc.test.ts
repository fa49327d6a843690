import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { GarbageReport, Listing, RunListItem } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write(
    'sums.ts',
    `import { activeRun, pipeline, step } from '@mortise/core';
    const rows = step('rows', { experimentTracker: true }, async () => {
      activeRun().logMetric('count', 3);
      return [1, 2, 3];
    });
    const sum = step('sum', ({ all, times }: { all: number[]; times: number }) => all.reduce((a, b) => a + b) * times);
    export const sums = pipeline('sums', { params: { times: 1 } }, ({ times }) => sum({ all: rows(), times }));`,
  );
  for (const times of ['1', '2', '3']) {
    const { code, stderr } = await project.mortise(['run', 'sums.ts', '--param', `times=${times}`, '--name', `times-${times}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
});
afterAll(() => project.remove());

const artifacts = (): string[] => {
  const folder = join(project.folder, '.mortise/artifacts');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
};

it('says in one line which logs it may not delete, and deletes them when it may', async () => {
  const logs = join(project.folder, '.mortise/logs');
  const folders = readdirSync(logs).map((run) => join(logs, run));
  const chmod = (mode: number): void => [logs, ...folders].forEach((folder) => chmodSync(folder, mode));
  chmod(0o555);
  const { code, stderr } = await project.mortise(['gc'], { unprivileged: true });
  chmod(0o755);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^error FOLDER_NOT_WRITABLE: cannot write to .*\.mortise\/logs\/[^\n]* \(permission denied\)[^\n]*\n$/),
  });
  expect((await project.mortise(['gc'])).stdout).toMatch(/^deleted [1-9]\d* log files? /m);
});

it('deletes runs, says what stays with others, and collects what nobody needs', async () => {
  const { code, stdout } = await project.mortise(['runs', 'delete', 'times-1', 'times-2']);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: [
      'deleted run "times-1"',
      'what its experiment trackers have of it stays there: default',
      'deleted run "times-2"',
      '"mortise gc" removes the artifacts that no other run uses',
      '',
    ].join('\n'),
  });
  expect((await project.json<Listing<RunListItem>>('runs', 'list')).items.map(({ name }) => name)).toEqual(['times-3']);

  const files = artifacts();
  const would = await project.mortise(['gc', '--dry-run']);
  expect(would.stdout).toMatch(/^would delete 2 artifact versions \(\d+ B\) that no run reads\n/);
  expect(artifacts()).toEqual(files);
  const said = await project.mortise(['gc']);
  expect(said).toEqual({ code: 0, stdout: would.stdout.replaceAll('would delete', 'deleted'), stderr: '' });
  expect(said.stdout.split('\n')[1]).toBe('deleted 0 stored objects (0 B) that no version came of');
  expect(artifacts()).toHaveLength(files.length - 2);
  expect(await project.json<GarbageReport>('gc')).toEqual({
    dryRun: false,
    versions: { count: 0, bytes: 0 },
    objects: { count: 0, bytes: 0 },
    unknown: { count: 0, bytes: 0 },
    logs: { count: 0, bytes: 0 },
    closed: [],
  });

  const left = await project.mortise(['runs', 'show', 'times-3']);
  expect(left.stdout).toMatch(/^rows +cached/m);
  expect(left.stdout).toMatch(/^rows +count +3/m);
  await project.mortise(['run', 'sums.ts', '--name', 'newest']);
  expect(await project.mortise(['runs', 'delete', 'newest', 'latest', 'latest'])).toMatchObject({
    stdout: expect.stringMatching(/^deleted run "newest"\n/),
    stderr: expect.stringMatching(/^error UNKNOWN_RUN: no run "newest"/),
  });
  expect((await project.json<Listing<RunListItem>>('runs', 'list')).items.map(({ name }) => name)).toEqual(['times-3']);
  await project.mortise(['runs', 'delete', 'latest']);
  await project.mortise(['gc']);
  expect(artifacts()).toEqual([]);
  expect(existsSync(join(project.folder, '.mortise/logs')) ? readdirSync(join(project.folder, '.mortise/logs')) : []).toEqual([]);
});

it('says in one line which run there is not', async () => {
  const { code, stdout, stderr } = await project.mortise(['runs', 'delete', 'nobody']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error UNKNOWN_RUN: no run "nobody"[^\n]*\n$/);
});
