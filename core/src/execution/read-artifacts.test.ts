import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import * as local from '@mortise/flavor-local';
import { activeRun, Client, defineFlavor, pipeline, step, type ReadArtifact, type TrackerRunStart } from '../index.ts';
import { RecordingTracker } from '../testing/recording-tracker.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let server: RecordingTracker;
const uploaded: string[] = [];

/** A tracker that takes the bytes of what is logged. */
class UploadingTracker extends RecordingTracker {
  override async open(...[id, start, known, signal]: Parameters<RecordingTracker['open']>) {
    const run = await super.open(id, start, known, signal);
    const { deliver } = run;
    run.deliver = async (...sent) => {
      const receipt = await deliver.apply(run, sent);
      for (const event of sent[0]) if (event.kind === 'artifact') uploaded.push(await textOf(start, event));
      return receipt;
    };
    return run;
  }
}

async function textOf({ readArtifact }: TrackerRunStart, file: Parameters<ReadArtifact>[0]): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readArtifact!(file)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

jest.unstable_mockModule('@mortise/flavor-local', () => ({
  flavors: [
    ...local.flavors,
    defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'server', load: async () => ({ create: async () => server }) }),
  ],
}));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;

beforeEach(async () => {
  server = new UploadingTracker();
  uploaded.length = 0;
  place = await temporaryProject();
  client = new Client({ project: place.project.root });
  await client.registerComponent({ type: 'experiment-tracker', name: 'team', flavor: 'server', config: {} });
  await client.registerComponent({ type: 'artifact-store', name: 'elsewhere', flavor: 'local', config: { path: 'elsewhere' } });
  for (const store of ['default', 'elsewhere'])
    await client.registerStack(store === 'default' ? 'here' : 'there', {
      orchestrator: 'default',
      'artifact-store': store,
      'experiment-tracker': 'team',
    });
});
afterEach(async () => {
  await client.close();
  place.remove();
});

const report = step('report', { experimentTracker: true, cache: false }, async ({ text }: { text: string }) => {
  await activeRun().logArtifact(Buffer.from(text), { path: 'report.txt' });
});
const wine = pipeline('wine', { params: { text: '' } }, ({ text }) => void report({ text }));

test('a tracker reads the bytes of what a run logs', async () => {
  await wine.run({ text: 'a fine year' }, { stack: 'here' });
  expect(uploaded).toEqual(['a fine year']);
});

test('what a later run delivers is read from the stack of the run that logged it, not from its own', async () => {
  server.options.failDeliver = Infinity;
  await wine.run({ text: 'logged there' }, { stack: 'there', trackerTimeoutMs: 50 });
  delete server.options.failDeliver;
  await wine.run({ text: 'logged here' }, { stack: 'here' });
  await client.deliver();
  expect(uploaded.toSorted()).toEqual(['logged here', 'logged there']);
});

test('a tracker that lags reads of a path that a step logs twice what was there each time', async () => {
  const twice = step('twice', { experimentTracker: true, cache: false }, async () => {
    for (const text of ['first', 'second']) await activeRun().logArtifact(Buffer.from(text), { path: 'last/report.txt' });
  });
  server.options.failDeliver = Infinity;
  await pipeline('again', () => void twice()).run({}, { stack: 'here', trackerTimeoutMs: 50 });
  delete server.options.failDeliver;
  await client.deliver();
  expect(uploaded).toEqual(['first', 'second']);
});
