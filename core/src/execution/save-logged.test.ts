import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import * as local from '@mortise/flavor-local';
import { activeRun, Client, defineFlavor, pipeline, step, type ArtifactStore } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

/** What a put of a logged file was given; it goes on until it is told to stop. */
let put: { signal: AbortSignal | undefined; ended: Promise<unknown> } | undefined;
let given: () => void;

/** A store whose uploads of logged files never come to their end. */
async function create(...options: Parameters<Awaited<ReturnType<typeof local.localArtifactStore.load>>['create']>): Promise<ArtifactStore> {
  const store = await (await local.localArtifactStore.load()).create(...options);
  const whole = store.put.bind(store);
  return Object.assign(store, {
    put(...[key, body, { signal, ...others } = {}]: Parameters<ArtifactStore['put']>) {
      if (!key.includes('/logged.')) return whole(key, body, others);
      const ended = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
      put = { signal, ended: ended.catch((error: unknown) => error) };
      given();
      return ended;
    },
  });
}

jest.unstable_mockModule('@mortise/flavor-local', () => ({
  flavors: [
    ...local.flavors,
    defineFlavor({ ...local.localArtifactStore, name: 'slow', load: async () => ({ create }) } as typeof local.localArtifactStore),
  ],
}));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
beforeEach(async () => {
  put = undefined;
  given = () => undefined;
  place = await temporaryProject();
  client = new Client({ project: place.project.root });
  await client.registerComponent({ type: 'artifact-store', name: 'slow', flavor: 'slow', config: { path: 'slow' } });
  await client.registerStack('slow', { orchestrator: 'default', 'artifact-store': 'slow' });
});
afterEach(async () => {
  await client.close();
  place.remove();
});

test.each([
  ['waits for it', true],
  ['does not wait for it', false],
])('the upload of a logged file ends with its step, which %s, and is no error of its own', async (_, waits) => {
  const stop = new AbortController();
  given = () => stop.abort();
  const logs = step('logs', { cache: false }, async () => {
    const saving = activeRun().logArtifact(new Uint8Array(10), { path: 'a.bin' });
    if (waits) await saving;
  });
  const run = await pipeline('stopped', () => void logs()).run({}, { stack: 'slow', signal: stop.signal });
  expect(run.steps['logs']!.status).toBe('killed');
  expect(put!.signal!.aborted).toBe(true);
  expect(await put!.ended).toBe(put!.signal!.reason);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(run.warnings).toEqual([]);
});
