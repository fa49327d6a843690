import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, pipeline, step } from '@mortise/core';
import { canStart, vendorPython } from '@mortise/test-servers';

import neptune from './index.ts';
import { startNeptuneRecorder, type NeptuneRecorder } from './testing/neptune-recorder.ts';
import { NeptuneProject } from './testing/neptune-project.ts';
import { PROJECT } from './testing/tracker-at.ts';

/** As a person writes it, with all that the client does by default. */
const SCRIPT = `
import os
from neptune_scale import Run

if __name__ == "__main__":
    run = Run(run_id=os.environ["NEPTUNE_CUSTOM_RUN_ID"], runtime_namespace=os.environ.get("NAMESPACE"))
    run.log_configs({"py/config": "yes"})
    for step in range(20):
        run.log_metrics({"py/loss": 1 / (step + 1)}, step=step)
    print("printed by Python")
    run.close()
`;
/** Starts it as a program of its own, whose \`__main__\` is a file: the client starts processes that read it again. */
const START = 'import subprocess, sys; subprocess.run([sys.executable, "child.py"], check=True)';

(canStart('vendor-clients') ? describe : describe.skip)('a Python program that a step starts', () => {
  let recorder: NeptuneRecorder;
  let project: NeptuneProject;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
    writeFileSync(join(folder, 'child.py'), SCRIPT);
    recorder = await startNeptuneRecorder();
    project = await NeptuneProject.open({ project: PROJECT, mode: 'online', apiToken: recorder.token() });
  });
  afterAll(async () => {
    await project?.end();
    await recorder?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('logs a series and a config value into the run of the step, at the server', async () => {
    const train = step('train', { experimentTracker: true, cache: false }, async () => {
      const run = activeRun(neptune);
      run.logMetrics({ loss: 1 }, { step: 0 });
      await vendorPython(START, await run.env(), folder);
      run.logMetrics({ loss: 0.5 }, { step: 1 });
      return (await run.native()).runId;
    });
    const run = await pipeline('spawns', () => void train()).run();
    expect(run.status).toBe('completed');
    const { series, fields } = recorder.run(run.steps['train']!.runMetadata['neptune_run_id']!.value as string)!;
    expect(series.get('py/loss')?.map(({ step: at, value }) => [at, value.value])).toEqual(
      Array.from({ length: 20 }, (_, at) => [at, 1 / (at + 1)]),
    );
    expect([fields.get('py/config'), fields.get('status')].map((field) => field?.value)).toEqual(['yes', 'completed']);
    expect(series.get('metrics/loss')).toHaveLength(2);
  });

  test('has its lines in runtime/; a second one, which counts them from one on too, where it says', async () => {
    const train = step('train', { experimentTracker: true, cache: false }, async () => {
      const run = activeRun(neptune);
      for (const more of [{}, {}, { NAMESPACE: 'second' }]) await vendorPython(START, { ...(await run.env()), ...more }, folder);
      return (await run.native()).runId;
    });
    const run = await pipeline('spawns-more', () => void train()).run();
    const { series } = recorder.run(run.steps['train']!.runMetadata['neptune_run_id']!.value as string)!;
    const printed = (path: string): number => series.get(path)?.filter(({ value }) => value.value === 'printed by Python').length ?? 0;
    expect(['runtime/stdout', 'second/stdout'].map(printed)).toEqual([1, 1]);
  });
});
