import assert from 'node:assert/strict';
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { curve, events, never, type Clause, type TrackerPlace } from './tracker-place.ts';

/** What Node calls the sockets that it opens, and the questions it asks of name servers. */
const SOCKETS = new Set(['TCPWRAP', 'TCPCONNECTWRAP', 'PIPECONNECTWRAP', 'UDPWRAP', 'GETADDRINFOREQWRAP', 'QUERYWRAP']);

/** What a tracker claims to be able to do. */
export function capabilityClauses(it: Clause, { capabilities, lacks = [] }: ExperimentTrackerSuite): void {
  const hasPoints = !lacks.includes('points');
  const assertArrive = async (place: TrackerPlace, steps: number[]): Promise<void> => {
    const test = await place.begin();
    const logged = events(steps.map((step, i) => ({ kind: 'metrics', values: { loss: i }, step })));
    await place.log(test, logged);
    await place.assertPoints(test, logged);
  };

  it('claims what it is tested for', async ({ tracker }) => {
    const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));
    assert.deepEqual(plain(tracker.capabilities), plain(capabilities));
  });

  if (hasPoints) {
    it('steps beyond 32 bits arrive as they are', (place) => assertArrive(place, [0, 1, 2 ** 31, 2 ** 33, 2 ** 39]));
    if (capabilities.step === 'decimal')
      it('steps with decimals arrive as they are', (place) => assertArrive(place, [0, 0.5, 1.25, 1.250001]));
    if (!capabilities.monotonicStep) it('steps may go back', (place) => assertArrive(place, [5, 3, 4, 0]));
  }

  if (capabilities.metricContext === 'native') {
    it('a metric in a context is another one than without it', async (place) => {
      const test = await place.begin();
      const logged = events([
        { kind: 'metrics', values: { loss: 1 }, step: 0 },
        { kind: 'metrics', values: { loss: 2 }, step: 0, context: 'val' },
        { kind: 'metrics', values: { loss: 3 }, step: 0, context: 'test' },
      ]);
      await place.log(test, logged);
      await place.assertPoints(test, logged);
    });
  } else {
    it('a metric whose context is part of its name is another one than without it', async (place) => {
      const test = await place.begin();
      const logged = events(['loss', 'val/loss', 'test/loss'].map((name, i) => ({ kind: 'metrics', values: { [name]: i }, step: 0 })));
      await place.log(test, logged);
      await place.assertPoints(test, logged);
    });
  }

  if (capabilities.artifacts !== 'none') {
    it(`an artifact is there, by ${capabilities.artifacts}`, async (place) => {
      const folder = mkdtempSync(join(tmpdir(), 'mortise-testkit-'));
      try {
        const bytes = Buffer.from('the weights');
        writeFileSync(join(folder, 'model.bin'), bytes);
        const { href: uri } = pathToFileURL(join(folder, 'model.bin'));
        const artifact = { uri, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
        const test = await place.begin();
        await place.log(test, events([{ kind: 'artifact', path: 'models/model.bin', ...artifact, type: 'model' }]));
        await place.close(test);
        const held = (await place.read(test)).artifacts['models/model.bin'];
        assert.ok(held !== undefined, 'the backend has no such artifact');
        const { sha256, size } = held;
        if (capabilities.artifacts === 'upload') assert.deepEqual({ sha256, size }, { sha256: artifact.sha256, size: artifact.size });
        else assert.deepEqual({ uri: held.uri, sha256 }, { uri, sha256: artifact.sha256 });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  if (capabilities.offline) {
    it('opens no socket', async (place) => {
      const opened: string[] = [];
      const ours = new AsyncLocalStorage<true>();
      const hook = createHook({ init: (_id, type) => void (SOCKETS.has(type) && ours.getStore() === true && opened.push(type)) }).enable();
      try {
        await ours.run(true, async () => {
          const tracker = await place.another();
          await tracker.check?.(never());
          const test = await place.begin();
          await place.log(test, events(curve('loss', 3)));
          await place.close(test);
        });
      } finally {
        hook.disable();
      }
      assert.deepEqual(opened, []);
    });
  }
}
