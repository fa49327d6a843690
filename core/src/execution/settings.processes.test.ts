import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Client, type PipelineRun } from '../index.ts';
import type { TrackerRunStart } from '../tracking/experiment-tracker.ts';
import { scriptProject, type ScriptProject } from '../testing/script-project.ts';

/** A flavor of the project's own, with a settings schema of no library: its trackers append how each tracker run began, unless their server is down. */
const FLAVOR = `
import { appendFileSync, existsSync } from 'node:fs';
import { defineFlavor } from '@mortise/core';

const settings = { '~standard': { version: 1, vendor: 'own', validate: (given: object) => ({ value: { color: 'red', ...given } }) } } as const;
const capabilities = {
  ids: 'client', step: 'decimal', monotonicStep: false, metricContext: 'native', nesting: 'parent', artifacts: 'reference',
  reopen: true, offline: true, failure: 'status', redelivery: 'dedup',
} as const;
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'own',
  settings: async () => settings,
  load: async () => ({
    create: async ({ projectRoot }) => ({
      capabilities,
      async open({ key }, start) {
        if (existsSync(projectRoot + '/down')) throw new Error('the server is down');
        appendFileSync(projectRoot + '/starts.jsonl', JSON.stringify(start) + '\\n');
        const ref = { id: key, ids: {} };
        const through = (events) => Object.fromEntries(events.map(({ writer, seq }) => [writer, seq]));
        return { ref, native: undefined, deliver: async (events) => ({ through: through(events), ref }), close: async () => ref };
      },
    }),
  }),
});
`;

const RUN = `
import { pipeline, step } from '@mortise/core';
const settings = { 'experiment-tracker': { runName: 'best', tags: { kind: 'final' } }, 'experiment-tracker:mine': { size: 3 } };
const train = step('train', { settings }, async () => 1);
export const wine = pipeline('wine', { experimentTracker: true, settings: { 'experiment-tracker.own': { experiment: 'shared' } } }, () => void train());
export const plain = pipeline('plain', () => void train());
const [, , name, isolation, untracked] = process.argv;
process.stdout.write(JSON.stringify(await (untracked === undefined ? wine : plain).run({}, { name, isolation: isolation as 'inline', trackerTimeoutMs: 300 })) + '\\n');
`;

let project: ScriptProject;
const client = new Client();

beforeAll(async () => {
  project = await scriptProject();
  project.write('own-flavor.ts', FLAVOR);
  project.write('run.ts', RUN);
  project.write('setup.ts', SETUP);
  const { code, stderr } = await project.run('setup.ts');
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(async () => {
  await client.close();
  project.remove();
});

const SETUP = `
import { Client } from '@mortise/core/client';
await using client = new Client();
await client.registerFlavor({ type: 'experiment-tracker', source: './own-flavor.ts' });
await client.registerComponent({ type: 'experiment-tracker', name: 'mine', flavor: 'own', config: {} });
await client.registerStack('own', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'mine' });
await client.setActiveStack('own');
`;
const DELIVER = `
import { Client } from '@mortise/core/client';
await using client = new Client();
console.log(JSON.stringify(await client.deliver()));
`;

async function run(...args: [name: string, isolation: string, ...untracked: string[]]): Promise<PipelineRun> {
  const { stdout, stderr } = await project.run('run.ts', { args });
  expect(stderr).toBe('');
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as PipelineRun;
}
function startOf(runName: string, of: 'step' | 'run'): TrackerRunStart | undefined {
  const starts = readFileSync(join(project.root, 'starts.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TrackerRunStart);
  return starts.find(({ tags }) => tags['mortise.run'] === runName && (tags['mortise.step'] !== undefined) === (of === 'step'));
}
const SET = { name: 'best', experiment: 'shared', settings: { color: 'red', size: 3 }, tags: { kind: 'final' } };

test('a step that runs in a process of its own has its settings', async () => {
  expect((await run('isolated', 'process')).steps['train']!.status).toBe('completed');
  expect(startOf('isolated', 'step')).toMatchObject(SET);
  expect(startOf('isolated', 'run')).toMatchObject({ name: 'isolated', experiment: 'shared', settings: { color: 'red' } });
});

test('the tracker run that marks a cache hit has them too', async () => {
  project.write('run.ts', RUN.replace('async () => 1', 'async () => 0'));
  await run('source', 'inline', 'untracked');
  expect((await run('hit', 'inline')).steps['train']!.status).toBe('cached');
  expect(startOf('hit', 'step')).toMatchObject(SET);
});

test('what another process delivers, after an outage, begins as it would have begun', async () => {
  writeFileSync(join(project.root, 'down'), '');
  project.write('deliver.ts', DELIVER);
  project.write('run.ts', RUN.replace('async () => 1', 'async () => 2'));
  expect((await run('late', 'inline')).warnings).not.toEqual([]);
  expect(startOf('late', 'step')).toBeUndefined();
  rmSync(join(project.root, 'down'));
  expect(await project.json('deliver.ts')).toMatchObject([{ component: 'mine', left: 0 }]);
  expect(startOf('late', 'step')).toMatchObject(SET);
  expect(startOf('late', 'run')).toMatchObject({ name: 'late', experiment: 'shared', settings: { color: 'red' } });
});
