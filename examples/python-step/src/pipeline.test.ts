import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';

import { buildCommand, type CliProject } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';

describe('a step in Python, on a stack without MLflow', () => {
  let project: CliProject;
  beforeAll(async () => {
    buildCommand();
    project = exampleProject('python-step');
    await project.mortise(['init']);
  });
  afterAll(() => project.remove());

  it('gives the pipeline what the script printed', async () => {
    expect(await project.mortise(['run', 'src/pipeline.ts'])).toMatchObject({ code: 0, stderr: '' });
    const { status, steps } = await project.json<PipelineRun>('runs', 'show', 'latest');
    expect(status).toBe('completed');
    expect(steps['train']!.tracker.metrics['finalLoss']!.last).toBeLessThan(0.01);
  });

  it('comes from the cache until the script changes', async () => {
    await project.mortise(['run', 'src/pipeline.ts']);
    const trained = async () => (await project.json<PipelineRun>('runs', 'show', 'latest')).steps['train']!.status;
    expect(await trained()).toBe('cached');
    project.write('src/train.py', 'print(\'{ "slope": 1, "offset": 2, "loss": 0 }\')\n');
    await project.mortise(['run', 'src/pipeline.ts']);
    expect(await trained()).toBe('completed');
  });

  it('fails with the last line that the script wrote to stderr', async () => {
    project.write('src/train.py', 'import sys\nprint("first", file=sys.stderr)\nraise SystemExit("no luck")\n');
    const { code, stderr } = await project.mortise(['run', 'src/pipeline.ts']);
    expect(code).toBe(1);
    expect(stderr).toContain('first\n');
    const { error } = (await project.json<PipelineRun>('runs', 'show', 'latest')).steps['train']!;
    expect(error!.message).toBe('train.py ended with 1: no luck');
  });
});
