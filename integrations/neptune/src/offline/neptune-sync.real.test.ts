import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TrackerRun, TrackerRunRef } from '@mortise/core';
import { canStart, vendorCommand } from '@mortise/test-servers';

import { curve, eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';
import { loggedScenario } from '../testing/logged-scenario.ts';
import { startNeptuneRecorder, type NeptuneRecorder } from '../testing/neptune-recorder.ts';
import { offlineRun } from '../testing/offline-run.ts';

interface Sent {
  ref: TrackerRunRef;
  /** What its file held right before it was sent. */
  kept: ReturnType<typeof offlineRun>;
}

(canStart('vendor-clients') ? describe : describe.skip)("Neptune's own tool sends our files", () => {
  let folder: string;
  let recorder: NeptuneRecorder;
  let runs: { failed: Sent; resumed: Sent; empty: Sent };
  // The tool takes seconds for each file, which it mostly waits.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
    recorder = await startNeptuneRecorder();
    const [failed, resumed, empty] = await Promise.all([sendFailed(), sendTwice(), sendEmpty()]);
    runs = { failed, resumed, empty };
  });
  afterAll(async () => {
    await recorder?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<TrackerRun> {
    const tracker = await trackerAt({ mode: 'offline', offlineDirectory: folder });
    return tracker.open(newIdentity(), startOf(), undefined, never);
  }

  async function sync(ref: TrackerRunRef): Promise<Sent> {
    const path = ref.ids['neptune_operations_file']!;
    expect(ref.ids['neptune_sync_command']).toBe(`neptune sync ${path}`);
    const kept = offlineRun(path);
    const { code, stderr } = await vendorCommand('neptune', ['sync', path], { NEPTUNE_API_TOKEN: recorder.token() }, folder);
    expect({ code, errors: stderr.match(/^.*(error|Traceback).*$/gim) }).toEqual({ code: 0, errors: null });
    return { ref, kept };
  }

  async function sendFailed(): Promise<Sent> {
    const run = await open();
    const { rejected } = await run.deliver(eventsOf([...loggedScenario(folder), ...curve('many', 2_000)]), never);
    expect(rejected).toBeUndefined();
    const error = { name: 'TypeError', message: 'no wine left', stack: 'TypeError: no wine left\n    at train' };
    return sync(await run.close({ status: 'failed', error }, Date.now(), never));
  }

  async function sendTwice(): Promise<Sent> {
    const run = await open();
    const points = eventsOf(curve('loss', 6));
    await run.deliver(points.slice(0, 3), never);
    await sync(run.ref);
    expect((await run.deliver(points.slice(3), never)).through).toEqual({ w: 6 });
    return sync(await run.close({ status: 'completed' }, Date.now(), never));
  }

  async function sendEmpty(): Promise<Sent> {
    return sync(await (await open()).close({ status: 'completed' }, Date.now(), never));
  }

  const arrived = ({ ref }: Sent) => recorder.run(ref.id!)!;

  test('all of a failed run arrives: fields, every point, tags, files, and how it ended', () => {
    const { ref, kept } = runs.failed;
    const run = arrived(runs.failed);
    expect(run).toEqual(kept.run);
    expect(recorder.files).toEqual(kept.files);
    const sent = recorder.operations.filter(({ runId }) => runId === ref.id);
    expect(sent.reduce((sum, { create, snapshots }) => sum + snapshots.length + (create === undefined ? 0 : 1), 0)).toBe(kept.operations);
    expect(run.series.get('metrics/many')!.length).toBe(2_000);
    expect(run.fields.get('sys/failed')).toEqual({ kind: 'bool', value: true });
    expect(run.text('error/message')).toBe('no wine left');
    // What was sent is gone, its copies of files included.
    const path = ref.ids['neptune_operations_file']!;
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('a run that was sent takes more, and that is sent too', () => {
    const run = arrived(runs.resumed);
    expect(run.series.get('metrics/loss')!.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(run.text('status')).toBe('completed');
  });

  test('an empty run', () => {
    const run = arrived(runs.empty);
    expect(run.created).toMatchObject({ family: runs.empty.ref.id, experiment: 'wine' });
    expect(run.text('sys/name')).toBe('train');
    expect([...run.sets.get('sys/tags')!, ...run.sets.get('sys/group_tags')!]).toEqual(['team:red', 'wine-1']);
  });
});
