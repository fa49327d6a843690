import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';
import { canStart, startMlflow, type MlflowServer } from '@mortise/test-servers';

import { buildCommand, type CliProject } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';

interface RunAtMlflow {
  info: { run_id: string; run_name: string; experiment_id: string; status: string; user_id: string };
  data: { params: Pair[]; tags: Pair[]; metrics: { key: string; value: number }[] };
  inputs?: { dataset_inputs?: { dataset: { name: string; source: string }; tags: Pair[] }[] };
  outputs?: { model_outputs?: { model_id: string }[] };
}
interface Pair {
  key: string;
  value: string;
}

(canStart('mlflow') ? describe : describe.skip)('the sweep at a real MLflow server', () => {
  let server: MlflowServer;
  let project: CliProject;
  let run: PipelineRun;
  let promoted: string;

  beforeAll(async () => {
    buildCommand();
    // Of its own: it registers a model by a name that it does not choose.
    server = await startMlflow();
    project = exampleProject('mlflow-sweep');
    for (const command of [
      'init',
      'experiment-tracker flavor register @mortise/mlflow',
      `experiment-tracker register mlflow --flavor=mlflow --tracking-uri=${server.url}`,
      'stack register team -o default -a default -e mlflow --set',
      'run src/pipeline.ts --name sweep',
    ])
      expect(await project.mortise(command.split(' '))).toMatchObject({ code: 0, stderr: '' });
    run = await project.json<PipelineRun>('runs', 'show', 'sweep');
    promoted = (await promisify(execFile)(process.execPath, ['src/promote.ts'], { cwd: project.folder })).stdout;
  });
  afterAll(async () => {
    project?.remove();
    await server?.stop();
  });

  async function asked<T>(path: string): Promise<T> {
    const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  }
  const runOf = async (id: unknown) => (await asked<{ run: RunAtMlflow }>(`runs/get?run_id=${String(id)}`)).run;
  const stepRun = (step: string) => runOf(run.steps[step]!.runMetadata['mlflow_run_id']!.value);
  const record = (pairs: Pair[]) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

  it('is a parent with its name, under which the trials and the champion stand with theirs', async () => {
    const parent = await runOf(run.trackerRuns[0]!.url!.split('/').at(-1));
    expect(parent.info).toMatchObject({ run_name: 'sweep', status: 'FINISHED' });
    const names = { 'train[0]': 'softmax[0]', 'train[5]': 'softmax[5]', evaluate: 'champion' };
    for (const [step, name] of Object.entries(names)) {
      const { info, data } = await stepRun(step);
      expect(info).toMatchObject({ run_name: name, status: 'FINISHED' });
      expect(record(data.tags)).toMatchObject({ 'mlflow.parentRunId': parent.info.run_id, data: 'iris', 'mortise.pipeline': 'iris-sweep' });
    }
  });

  it('is a run of the file that was run, with what the pipeline was called with, in an experiment of model training', async () => {
    const { info, data } = await runOf(run.trackerRuns[0]!.url!.split('/').at(-1));
    expect(record(data.tags)['mlflow.source.name']).toBe('src/pipeline.ts');
    expect(record(data.params)).toEqual({ learningRates: '[0.03,0.1,0.3,1,0.3,1]', l2s: '[0,0,0,0,0.03,0.03]', epochs: '80' });
    const { experiment } = await asked<{ experiment: { tags: Pair[] } }>(`experiments/get?experiment_id=${info.experiment_id}`);
    expect(record(experiment.tags)).toMatchObject({ 'mlflow.experimentKind': 'custom_model_development' });
  });

  it('has the settings, curves, note and data set of a trial', async () => {
    const { info, data, inputs } = await stepRun('train[4]');
    expect(record(data.params)).toMatchObject({ learningRate: '0.3', l2: '0.03', epochs: '80' });
    expect(record(data.tags)).toMatchObject({ kind: 'trial', 'mlflow.note.content': expect.stringContaining('learning rate **0.3**') });
    expect(data.metrics.map(({ key }) => key).sort()).toEqual(['train/accuracy', 'train/loss', 'validation/accuracy', 'validation/loss']);
    const history = `metrics/get-history?run_id=${info.run_id}&metric_key=validation/loss&max_results=1000`;
    const { metrics } = await asked<{ metrics: { step: number }[] }>(history);
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    expect(inputs!.dataset_inputs![0]).toMatchObject({
      dataset: { name: 'iris', source: '{"url":"https://doi.org/10.24432/C56C76"}' },
      tags: expect.arrayContaining([{ key: 'mlflow.data.context', value: 'training' }]),
    });
  });

  it('has the champion’s figure and table', async () => {
    const { info, data } = await stepRun('evaluate');
    const { files } = await asked<{ files: { path: string }[] }>(`artifacts/list?run_id=${info.run_id}`);
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['confusion.html', 'confusion.json', 'predictions.json']));
    expect(record(data.tags)['mlflow.loggedArtifacts']).toBe('[{"path":"predictions.json","type":"table"}]');
  });

  it.each(['candidate', 'champion'])('has a logged model of each, and the champion’s is a registered version, the %s', async (alias) => {
    expect((await stepRun('train[1]')).outputs!.model_outputs).toHaveLength(1);
    const champion = await stepRun('evaluate');
    const { model_version } = await asked<{ model_version: { version: string; run_id: string; source: string } }>(
      `registered-models/alias?name=iris&alias=${alias}`,
    );
    expect(promoted).toBe('iris version 1 is the champion\n');
    expect(model_version).toMatchObject({
      version: '1',
      run_id: champion.info.run_id,
      source: `models:/${champion.outputs!.model_outputs![0]!.model_id}`,
    });
  });
});
