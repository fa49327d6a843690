import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { logTable } from './log-table.ts';
import { startWandbRecorder, type WandbRecorder } from './testing/index.ts';
import { WandbClient } from './wandb-client.ts';

let recorder: WandbRecorder;
beforeAll(async () => void (recorder = await startWandbRecorder()));
afterAll(() => recorder.stop());

const TABLE = { columns: ['a'], data: [[1]] };

/** Names of the artifacts of these tables, in their order. */
async function artifactsOf(id: string, names: readonly string[]): Promise<string[]> {
  const client = new WandbClient({ apiKey: 'k'.repeat(40), baseUrl: recorder.url });
  const run = await client.begin({ id, project: 'wine', config: {}, startedAt: Date.now() });
  for (const name of names) await logTable(run, id, name, TABLE);
  return recorder.artifacts.filter((artifact) => artifact.run === id).map(({ collection }) => collection);
}

test("a table whose name has characters that no artifact's has shares its artifact with no other, and is called as the vendor's client calls it", async () => {
  expect(await artifactsOf('r1', ['ab', 'a/b', 'a b', 'größe'])).toEqual([
    'run-r1-ab',
    'run-r1-ab-sE-CjQ',
    'run-r1-ab-N9eeQg',
    'run-r1-gre-njA8Og',
  ]);
});

test('tables with long names that begin alike have an artifact each, of a name that the server takes', async () => {
  const names = await artifactsOf('r2', ['x'.repeat(200), `${'x'.repeat(200)}y`]);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_.-]{1,128}$/);
});
