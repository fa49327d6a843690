import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type PipelineRun, type StepView } from '@mortise/core/client';

import { buildCommand, type CliProject, type CommandResult } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';

const SOFTMAXES = ['softmax[0]', 'softmax[1]', 'softmax[2]'];
const FORESTS = ['forest[0]', 'forest[1]', 'forest[2]'];
const TRACKED = [...SOFTMAXES, ...FORESTS, 'evaluate'];

let project: CliProject;
let client: Client;
const printed: Record<string, CommandResult> = {};

// The demo's three runs.
beforeAll(async () => {
  buildCommand();
  project = exampleProject('wine');
  client = new Client({ project: project.folder });
  await project.mortise(['init']);
  const run = async (name: string, ...more: string[]) => {
    printed[name] = await project.mortise(['run', 'src/pipeline.ts', '--name', name, ...more]);
  };
  await run('wine-first');
  await run('wine-again');
  await run('wine-failed', '--param', 'fail=true');
});
afterAll(async () => {
  await client.close();
  project.remove();
});

/** What the tracker itself says of a tracker run. */
const atTracker = (url: unknown) =>
  JSON.parse(readFileSync(fileURLToPath(url as string), 'utf8')) as { status: string; error: { message: string } | null };
const urlOf = (step: StepView | undefined) => step?.runMetadata['experiment_tracker_url']?.value;
const statuses = (run: PipelineRun) => [...new Set(Object.values(run.steps).map(({ status }) => status))];

describe('the first run', () => {
  it('completes, by the command line and by the Client alike', async () => {
    expect(printed['wine-first']).toMatchObject({ code: 0, stderr: '' });
    const run = await client.getPipelineRun('wine-first');
    expect({ status: run.status, steps: statuses(run), warnings: run.warnings }).toEqual({
      status: 'completed',
      steps: ['completed'],
      warnings: [],
    });
    expect(await project.json<PipelineRun>('runs', 'show', 'wine-first')).toEqual(JSON.parse(JSON.stringify(run)));
  });

  it('chooses a model that is right on more than 0.9 of the rows it never saw', async () => {
    const { metrics } = (await client.getPipelineRun('wine-first')).steps['evaluate']!.tracker;
    expect(metrics['testAccuracy']!.last).toBeGreaterThan(0.9);
    expect(metrics['macroF1']!.last).toBeGreaterThan(0.9);
    expect(printed['wine-first']!.stdout).toMatch(/^evaluate +testAccuracy +0\.9/m);
  });

  it('stores a report whose confusion matrix counts every test row', async () => {
    const report = (await (await client.getArtifactVersion('wine/evaluate/report')).load()) as {
      confusionMatrix: number[][];
      accuracy: number;
    };
    const rows = report.confusionMatrix.flat().reduce((sum, count) => sum + count, 0);
    const right = report.confusionMatrix.reduce((sum, row, label) => sum + row[label]!, 0);
    expect(rows).toBe(36);
    expect(right / rows).toBeCloseTo(report.accuracy, 12);
  });

  it.each(SOFTMAXES)('draws a curve of 60 epochs for %s, along which the loss falls', async (step) => {
    const loss = await client.metricHistory('wine-first', step, 'loss');
    expect(loss.map((point) => point.step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(await client.metricHistory('wine-first', step, 'accuracy')).toHaveLength(60);
    expect(loss.at(-1)!.value).toBeLessThan(loss[0]!.value);
  });

  it.each(FORESTS)('has a point per fold for %s', async (step) => {
    expect(await client.metricHistory('wine-first', step, 'accuracy')).toHaveLength(5);
  });

  it.each(TRACKED)('gives %s a tracker run that has ended, at the URL in its run metadata', async (step) => {
    const run = await client.getPipelineRun('wine-first');
    expect(atTracker(urlOf(run.steps[step]))).toMatchObject({ status: 'completed', error: null });
  });
});

describe('the same again', () => {
  it('comes from the cache, step by step', async () => {
    expect(printed['wine-again']!.code).toBe(0);
    const run = await client.getPipelineRun('wine-again');
    expect({ status: run.status, steps: statuses(run) }).toEqual({ status: 'completed', steps: ['cached'] });
  });

  it('has the first run’s metrics and tracker URLs', async () => {
    const [first, again] = await Promise.all(['wine-first', 'wine-again'].map((name) => client.getPipelineRun(name)));
    for (const step of TRACKED) {
      expect(again!.steps[step]!.tracker.metrics).toEqual(first!.steps[step]!.tracker.metrics);
      expect(urlOf(again!.steps[step])).toBe(urlOf(first!.steps[step]));
    }
  });
});

describe('with fail=true', () => {
  it('the last step alone runs, and fails it and the run', async () => {
    expect(printed['wine-failed']!.code).toBe(1);
    const { status, error, steps } = await project.json<PipelineRun>('runs', 'show', 'wine-failed');
    const { evaluate, ...others } = steps;
    expect({ status, error: error!.message }).toEqual({
      status: 'failed',
      error: 'step "evaluate" failed: asked to fail by the param "fail"',
    });
    expect(evaluate).toMatchObject({ status: 'failed', attempt: 1, error: { message: 'asked to fail by the param "fail"' } });
    expect([...new Set(Object.values(others).map((step) => step.status))]).toEqual(['cached']);
  });

  it('its tracker run is failed with the error’s text, and so is the parent', async () => {
    const run = await client.getPipelineRun('wine-failed');
    const said = atTracker(urlOf(run.steps['evaluate']));
    expect(said).toMatchObject({ status: 'failed', error: { message: 'asked to fail by the param "fail"' } });
    expect(run.steps['evaluate']!.attempts[0]!.trackerRuns[0]).toMatchObject({ status: 'failed', delivered: true });
    expect(atTracker(run.trackerRuns[0]!.url).status).toBe('failed');
  });
});

describe('the README', () => {
  /** What differs between two runs. */
  const settled = (text: string) =>
    text
      .replace(/file:\S+\//g, 'URL/')
      .replace(/\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\dT\S+Z|\b\d+(\.\d+)? s\b/g, '*')
      .replace(/ +/g, ' ')
      .trim();

  it('shows nothing but what the runs print', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const blocks = [...readme.matchAll(/```console\n([^]*?)```/g)].map(([, block]) => block!);
    const shown = blocks.flatMap((block) => block.split('\n').filter((line) => !/^\$|^ *\.\.\.$|^$/.test(line)));
    const lines = new Set(Object.values(printed).flatMap(({ stdout }) => stdout.split('\n').map(settled)));
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter((line) => !lines.has(settled(line)))).toEqual([]);
  });
});
