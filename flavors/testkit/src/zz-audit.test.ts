import { test } from '@jest/globals';
import { testExperimentTracker } from './experiment-tracker/test-experiment-tracker.ts';
import { testArtifactStore } from './artifact-store/test-artifact-store.ts';
import { closeMutants } from './testing/close-mutants.ts';
import { CollectingRunner } from './testing/collecting-runner.ts';
import { deliverMutants } from './testing/deliver-mutants.ts';
import { redeliveryMutants } from './testing/redelivery-mutants.ts';
import { openMutants } from './testing/open-mutants.ts';
import { recordingSuite } from './testing/recording-suite.ts';
import { getMutants } from './testing/get-mutants.ts';
import { keyMutants } from './testing/key-mutants.ts';
import { listMutants } from './testing/list-mutants.ts';
import { putMutants } from './testing/put-mutants.ts';
import { MemoryArtifactStore, newMemory } from './testing/memory-artifact-store.ts';
import { appendFileSync } from 'node:fs';
test('x', async () => {
  const out = (does: string, n: number, total: number, why: unknown) => appendFileSync('/tmp/audit.txt', `${n}/${total} ${does} :: ${String(why).split('\n').slice(0,1).join(' ').slice(0, 120)}\n`);
  for (const { does, caughtBy, claims, make } of [...openMutants, ...deliverMutants, ...redeliveryMutants, ...closeMutants]) {
    const r = new CollectingRunner(); testExperimentTracker(r, recordingSuite(make, claims));
    let n = 0; let why: unknown;
    for (const c of r.tests.keys()) { const f = await r.failureOf(c); if (f !== undefined) n++; if (c === caughtBy) why = f; }
    out(does, n, r.tests.size, why);
  }
  for (const { does, caughtBy, Store } of [...putMutants, ...getMutants, ...keyMutants, ...listMutants]) {
    const r = new CollectingRunner();
    const { capabilities } = new MemoryArtifactStore(newMemory());
    testArtifactStore(r, { name: 'm', capabilities, takesDown: true, backend: async () => { const memory = newMemory(); return { create: async () => new Store(memory), bytesRead: () => memory.bytesRead, async takeDown() { memory.down = true; return async () => void (memory.down = false); } }; } });
    let n = 0; let why: unknown;
    for (const c of r.tests.keys()) { const f = await r.failureOf(c); if (f !== undefined) n++; if (c === caughtBy) why = f; }
    out(does, n, r.tests.size, why);
  }
}, 500000);
