import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';
import { canStart, sharedMlflow, type SharedMlflow } from '@mortise/test-servers';

import { buildCommand, type CliProject } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';

interface RunAtMlflow {
  info: { run_id: string; status: string };
  data: { params?: Pair[]; tags: Pair[]; metrics?: { key: string; value: number }[] };
}
interface Pair {
  key: string;
  value: string;
}

(canStart('mlflow') ? describe : describe.skip)('a step in Python, at a real MLflow server', () => {
  let server: SharedMlflow;
  let project: CliProject;
  const run = (...args: string[]) => project.mortise(['run', 'src/pipeline.ts', ...args], { env: { PYTHON: server.python } });

  beforeAll(async () => {
    buildCommand();
    server = await sharedMlflow();
    project = exampleProject('python-step');
    for (const command of [
      'init',
      'experiment-tracker flavor register @mortise/mlflow',
      `experiment-tracker register mlflow --flavor=mlflow --tracking-uri=${server.url}`,
      'stack register team -o default -a default -e mlflow --set',
    ])
      expect(await project.mortise(command.split(' '))).toMatchObject({ code: 0, stderr: '' });
  });
  afterAll(async () => {
    project?.remove();
    await server?.stop();
  });

  /** The run of the step "train" in the latest pipeline run, as the server has it. */
  async function trained(): Promise<
    RunAtMlflow & { metadataUrl: string; points(key: string): Promise<{ step?: number; value: number }[]> }
  > {
    const { steps } = await project.json<PipelineRun>('runs', 'show', 'latest');
    const metadata = steps['train']!.runMetadata;
    const id = metadata['mlflow_run_id']!.value as string;
    const { run: found } = await asked<{ run: RunAtMlflow }>(`runs/get?run_id=${id}`);
    const points = async (key: string) =>
      (await asked<{ metrics?: { step?: number; value: number }[] }>(`metrics/get-history?run_id=${id}&metric_key=${key}`)).metrics ?? [];
    return { ...found, metadataUrl: metadata['experiment_tracker_url']!.value as string, points };
  }
  async function asked<T>(path: string): Promise<T> {
    const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  }

  it('has the parameters of TypeScript and the curve of Python in one run, which ended well', async () => {
    expect(await run('--param', 'epochs=7')).toMatchObject({ code: 0 });
    const { info, data, metadataUrl, points } = await trained();
    expect(info.status).toBe('FINISHED');
    expect(data.params).toEqual(
      expect.arrayContaining([
        { key: 'optimizer', value: 'stochastic gradient descent, in Python' },
        { key: 'epochs', value: '7' },
        { key: 'rate', value: '0.05' },
      ]),
    );
    const losses = await points('loss');
    expect(losses.map(({ step = 0 }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(data.metrics!.find(({ key }) => key === 'finalLoss')!.value).toBe(losses.at(-1)!.value);
    expect(metadataUrl.endsWith(`/runs/${info.run_id}`)).toBe(true);
  });

  it('whose script fails is a failed step and a FAILED run, with the last line of the script’s stderr and the points until then', async () => {
    const { code, stderr } = await run('--param', 'rate=2.05');
    expect(code).toBe(1);
    const reason = /^ValueError: the loss is \w+ after epoch (\d+): choose a smaller rate than 2.05$/m.exec(stderr)!;
    const { info, data, points } = await trained();
    expect(info.status).toBe('FAILED');
    expect(data.tags).toContainEqual({ key: 'mortise.error.message', value: `train.py ended with 1: ${reason[0]}` });
    expect(await points('loss')).toHaveLength(Number(reason[1]));
  });
});
