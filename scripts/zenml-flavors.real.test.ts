import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart, zenmlRun } from '@mortise/test-servers';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import { startCometRecorder, type CometRecorder } from '../integrations/comet/src/testing/comet-recorder.ts';
import { ZENML_PIPELINES } from './testing/zenml-pipelines.ts';

const KEY = 'k'.repeat(40);
/** ZenML looks for the code of steps in files, beside the main one. */
const RUN_BAKE = "import __main__, os; __main__.__file__ = os.path.abspath('main.py'); import bake";

// The cells of docs/trackers.md that say what ZenML's flavors tell their trackers of a step that throws ValueError('the oven is cold').
(canStart('zenml') ? describe : describe.skip)('of a step that throws, ZenML tells', () => {
  let wandb: WandbRecorder;
  let comet: CometRecorder;
  let folder: string;
  beforeAll(async () => {
    [wandb, comet] = await Promise.all([startWandbRecorder(), startCometRecorder({ apiKey: KEY })]);
    folder = mkdtempSync(join(tmpdir(), 'mortise-zenml-'));
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'bake.py'), ZENML_PIPELINES);
    const env = {
      HOME: folder,
      ZENML_CONFIG_PATH: join(folder, 'zenml'),
      ZENML_ANALYTICS_OPT_IN: 'false',
      WANDB_BASE_URL: wandb.url,
      WANDB_KEY: KEY,
      COMET_URL_OVERRIDE: `${comet.url}/clientlib/`,
      COMET_KEY: KEY,
      NEPTUNE_MODE: 'offline',
    };
    const { code, stdout, stderr } = await zenmlRun(RUN_BAKE, env, project);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const failure = 'Pipeline run has failed due to failure in step(s): train';
    const raised = stdout.split('\n').filter((line) => line.startsWith('{"flavor"'));
    expect(raised.map((line) => JSON.parse(line) as unknown)).toEqual(
      ['wandb', 'comet', 'neptune'].map((flavor) => ({ flavor, raised: failure })),
    );
    // Three pipelines, for which ZenML takes most of a minute on a good day.
  }, 1_200_000);
  afterAll(async () => {
    await wandb?.stop();
    await comet?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('W&B the exit code 1, and not the text of the error', () => {
    const [run, ...others] = wandb.runs;
    expect(others).toEqual([]);
    expect([run!.complete, run!.exitCode]).toEqual([true, 1]);
    expect(run!.streams['wandb-history.jsonl']).toHaveLength(1);
    expect(JSON.stringify([run!.streams, run!.config, run!.notes])).not.toContain('the oven is cold');
  });

  it('Comet that it ended, and nothing of the failure', () => {
    const [experiment, ...others] = comet.experiments.values();
    expect(others).toEqual([]);
    const { points, isAlive, hasCrashed, error } = experiment!;
    expect(points.map(({ metricName }) => metricName)).toContain('loss');
    expect([isAlive, hasCrashed, error]).toEqual([false, false, null]);
    expect(JSON.stringify([...experiment!.others, ...experiment!.tags])).not.toContain('the oven is cold');
  });

  it('Neptune nothing of it: the run did not fail', () => {
    const logs = globSync('project/.neptune/offline/*/data-*.log', { cwd: folder });
    expect(logs).toHaveLength(1);
    const text = readFileSync(join(folder, logs[0]!), 'utf8');
    const operations = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { obj: NeptuneOperation }).obj);
    const at = (...path: string[]): NeptuneOperation[] => operations.filter((each) => each.path.join('/') === path.join('/'));
    expect(at('loss')).toMatchObject([{ type: 'LogFloats', values: [{ value: 0.5 }] }]);
    expect(at('sys', 'failed')).toMatchObject([{ type: 'AssignBool', value: false }]);
    expect(text).not.toContain('the oven is cold');
  });
});

/** As Neptune 1.x keeps it offline. */
interface NeptuneOperation {
  type: string;
  path: string[];
}
