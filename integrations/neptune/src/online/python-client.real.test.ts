import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorPython, type RecordedRequest } from '@mortise/test-servers';

import { comparable } from '../testing/comparison.ts';
import { startNeptuneRecorder, type NeptuneRecorder } from '../testing/neptune-recorder.ts';
import { offlineRun } from '../testing/offline-run.ts';
import { eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

/** Logs what `ours` logs below. */
const ONLINE = `
import os
from neptune_scale import Run
run = Run(run_id="theirs", experiment_name="wine", log_directory=os.environ["LOGS"], enable_console_log_capture=False, source_tracking_config=None)
run.add_tags(["team:red"])
run.add_tags(["wine-1"], group_tags=True)
run.log_configs({"params/lr": 0.01})
for step in range(3):
    run.log_metrics({"metrics/loss": step / 8}, step=step)
run.assign_files({"artifacts/weights.bin": os.environ["WEIGHTS"]})
run.log_configs({"sys/failed": False, "status": "completed"})
url = run.get_run_url()
run.close()
print(url)
`;

/** Logs into the run that its environment names. */
const CHILD = `
import os
from neptune_scale import Run
run = Run(run_id=os.environ["NEPTUNE_CUSTOM_RUN_ID"], enable_console_log_capture=False, source_tracking_config=None)
run.log_configs({"params/child": "yes"})
run.log_metrics({"metrics/child_loss": 0.5}, step=1)
run.close()
print(run._operations_repository_path)
`;

(canStart('vendor-clients') ? describe : describe.skip)('at a server, beside the Python client neptune-scale', () => {
  let folder: string;
  let recorder: NeptuneRecorder;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
    recorder = await startNeptuneRecorder();
  });
  afterAll(async () => {
    await recorder?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Method, path, content type, and who is told of which credential; each once. The address of a file has the run's id within. */
  function kindsOf(requests: readonly RecordedRequest[]): string[] {
    const kinds = requests.map(({ method, path, headers, query }) => {
      const credential = headers['x-neptune-api-token'] !== undefined ? 'API token' : headers.authorization?.replace(/ .*/, '');
      const place = path.replace(/^\/storage\/aws\/.*/, '/storage/aws/...');
      return [method, place, [...query.keys()].join(), headers['content-type'] ?? '', credential ?? ''].join(' ');
    });
    return [...new Set(kinds)].sort();
  }

  test('both make the same requests, and leave the same run', async () => {
    writeFileSync(join(folder, 'weights.bin'), 'the weights');
    const env = {
      NEPTUNE_PROJECT: 'acme/wine',
      NEPTUNE_API_TOKEN: recorder.token(),
      LOGS: join(folder, 'python'),
      WEIGHTS: join(folder, 'weights.bin'),
    };
    const url = (await vendorPython(ONLINE, env, folder)).trimEnd().split('\n').at(-1);
    // It looks up where it would renew its token; ours exchanges the API token again.
    const theirs = kindsOf(recorder.server.requests.filter(({ path }) => !path.endsWith('openid-configuration')));
    recorder.server.forget();

    const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
    const readArtifact = (): AsyncIterable<Uint8Array> => [Buffer.from('the weights')] as unknown as AsyncIterable<Uint8Array>;
    const run = await tracker.open(newIdentity(), startOf({ readArtifact }), undefined, never);
    await run.deliver(
      eventsOf([
        { kind: 'params', values: { lr: 0.01 } },
        ...[0, 1, 2].map((step) => ({ kind: 'metrics' as const, values: { loss: step / 8 }, step })),
        { kind: 'artifact', path: 'weights.bin', uri: '', sha256: '', size: 11 },
      ]),
      never,
    );
    await run.close({ status: 'completed' }, Date.now(), never);
    expect(kindsOf(recorder.server.requests)).toEqual(theirs);
    expect(comparable(recorder.run(run.ref.id!)!)).toEqual(comparable(recorder.run('theirs')!));
    expect([...recorder.files.values()].map(String)).toEqual(['the weights', 'the weights']);
    expect(run.ref.url).toBe(url!.replace('theirs', run.ref.id!));
  });

  test('a Python program that a step starts logs into the same run, at the server', async () => {
    const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
    const run = await tracker.open(newIdentity(), startOf(), undefined, never);
    await vendorPython(CHILD, { ...tracker.childEnv(run.ref), NEPTUNE_LOG_DIRECTORY: join(folder, 'child') }, folder);
    await run.deliver(eventsOf([{ kind: 'metrics', values: { loss: 0.25 }, step: 2 }]), never);
    await run.close({ status: 'completed' }, Date.now(), never);
    const { series, fields } = recorder.run(run.ref.id!)!;
    expect([...series.keys()]).toEqual(['metrics/child_loss', 'metrics/loss']);
    expect([fields.get('params/child'), fields.get('status')].map((field) => field!.value)).toEqual(['yes', 'completed']);
  });

  test('and offline, into a file beside ours', async () => {
    const directory = join(folder, 'offline');
    const tracker = await trackerAt({ mode: 'offline', offlineDirectory: directory });
    const run = await tracker.open(newIdentity(), startOf(), undefined, never);
    const beside = (await vendorPython(CHILD, tracker.childEnv(run.ref), folder)).trimEnd().split('\n').at(-1)!;
    await run.close({ status: 'completed' }, Date.now(), never);
    expect(beside.startsWith(directory)).toBe(true);
    const { run: whole } = offlineRun(run.ref.ids['neptune_operations_file']!, beside);
    expect(whole.id).toBe(run.ref.id);
    expect(whole.series.get('metrics/child_loss')!.length).toBe(1);
  });
});
