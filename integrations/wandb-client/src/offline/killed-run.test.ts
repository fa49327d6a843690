import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { readTransactionLog } from '../transaction-log/read-transaction-log.ts';
import { OfflineRun } from './offline-run.ts';

/** Writes rows for ever, tells after each flush how far they are safe, and never waits. */
const WRITER = `
const { OfflineRun } = await import(process.env.MODULE);
const run = await OfflineRun.open({ dir: process.env.DIR, id: 'r1', config: {}, startedAt: 0 });
for (let step = 0; ; ) {
  for (const end = step + 50; step < end; step++) run.history([{ _step: step, _timestamp: step, _runtime: step, a: step, text: 'x'.repeat(step % 3_000) }]);
  if (step % 500 === 0) {
    await run.flush();
    console.log(run.safeSize + ' ' + run.lastStep);
  }
}
`;

test('a run whose process is killed has all that was flushed, and goes on with no row missing or doubled', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mortise-wandb-killed-'));
  const module = new URL('./offline-run.ts', import.meta.url).href;
  const writer = spawn(process.execPath, ['--input-type=module', '--conditions=mortise-source', '--no-warnings', '-e', WRITER], {
    env: { ...process.env, MODULE: module, DIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told: number[] = [];
  const lines = createInterface(writer.stdout);
  let count = 0;
  lines.on('line', (line) => {
    told = line.split(' ').map(Number);
    if (++count === 8) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  const [size = 0, lastStep = 0] = told;
  expect(lastStep).toBeGreaterThanOrEqual(3_999);

  const run = await OfflineRun.open({ dir, id: 'r1', config: {}, startedAt: 0, size });
  expect([run.lastStep, run.safeSize]).toEqual([lastStep, size]);
  run.history([{ _step: lastStep + 1, _timestamp: 0, _runtime: 0 }]);
  await run.exit(1, 0);
  const steps: unknown[] = [];
  for await (const record of readTransactionLog(run.path)) if (record.kind === 'history') steps.push(record.row['_step']);
  expect(steps).toEqual(Array.from({ length: lastStep + 2 }, (_, step) => step));
});
