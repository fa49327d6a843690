import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, type StepView } from '@mortise/core/client';

import { buildCommand, type CliProject } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';

let project: CliProject;
let client: Client;
beforeAll(async () => {
  buildCommand();
  project = exampleProject('wine-class');
  client = new Client({ project: project.folder });
  await project.mortise(['init']);
});
afterAll(async () => {
  await client.close();
  project.remove();
});

async function run(name: string, ...more: string[]) {
  const { code, stderr } = await project.mortise(['run', 'src/pipeline.ts', '--name', name, ...more]);
  return { code, stderr, run: await client.getPipelineRun(name) };
}
const versionOf = (input: unknown) => input as { artifact: string; version: number };
const statusOf = (step: StepView | undefined) => step?.status;

it('a good model is published: the very version that was judged', async () => {
  const { code, stderr, run: first } = await run('good');
  expect({ code, stderr, status: first.status }).toEqual({ code: 0, stderr: '', status: 'completed' });
  expect(first.steps['evaluate']!.tracker.metrics['testAccuracy']!.last).toBeGreaterThan(0.9);
  expect(statusOf(first.steps['publish'])).toBe('completed');
  expect(versionOf(first.steps['publish']!.inputs['model'])).toEqual(versionOf(first.steps['evaluate']!.inputs['model']));
  expect(versionOf(first.steps['publish']!.inputs['model']).artifact).toMatch(/^WineClass\/(softmax|forest)(_\d)?\/output$/);
});

it.each(['softmax', 'softmax_2', 'softmax_3'])('%s has a curve of 60 epochs', async (step) => {
  expect(await client.metricHistory('good', step, 'loss')).toHaveLength(60);
});

it('a model that is not good enough is not published, and only the condition runs anew', async () => {
  const { code, run: strict } = await run('strict', '--param', 'threshold=0.999');
  expect({ code, status: strict.status }).toEqual({ code: 0, status: 'completed' });
  expect(strict.steps['publish']).toBeUndefined();
  const { good, ...others } = strict.steps;
  expect(statusOf(good)).toBe('completed');
  expect([...new Set(Object.values(others).map(statusOf))]).toEqual(['cached']);
});

it('the same again comes from the cache, the condition included', async () => {
  const { run: again } = await run('again');
  expect([...new Set(Object.values(again.steps).map(statusOf))]).toEqual(['cached']);
  expect(statusOf(again.steps['publish'])).toBe('cached');
});
