import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { consoleFile, consoleLine } from '../execution/step-console.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { completedStep, createdRun, sampleAttempt, sampleCommit, temporaryFolder, temporaryStore } from '../testing/sample-store.ts';
import { readStepLogs } from './step-logs.ts';

let place: Awaited<ReturnType<typeof temporaryStore>>;
let store: MetadataStore;
let logs: ReturnType<typeof temporaryFolder>;
beforeEach(async () => {
  place = await temporaryStore();
  store = place.store;
  logs = temporaryFolder();
});
afterEach(() => {
  place.remove();
  logs.remove();
});

function printed(runId: string, attempt: string, text: string): void {
  const file = consoleFile(logs.path, runId, attempt);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, consoleLine({ at: 1, stream: 'out', text }), { flag: 'a' });
}

it('to follow a run costs no more for the steps of it that ended before', async () => {
  const { id: runId } = await createdRun(store);
  const ended: string[] = [];
  for (let i = 0; i < 20; i++) ended.push((await completedStep(store, runId, `step${i}`)).id);
  for (const id of ended) printed(runId, id, `${ended.indexOf(id)}\n`);
  const slow = sampleAttempt(runId, 'slow');
  const { fence } = await store.startAttempt(slow);

  const looks: number[] = [];
  const counting: Pick<MetadataStore, 'attemptsSince'> = {
    attemptsSince: async (...given) => {
      const attempts = await store.attemptsSince(...given);
      looks.push(attempts.length);
      return attempts;
    },
  };
  const end = async (): Promise<boolean> => {
    printed(runId, slow.id, `look ${looks.length}\n`);
    if (looks.length < 3) return false;
    await store.commitAttempt(sampleCommit(slow.id, fence, { runId }));
    // Nobody saw it begin: its machine has another clock.
    printed(runId, (await completedStep(store, runId, 'unseen')).id, 'unseen\n');
    return true;
  };
  const seen: string[] = [];
  const run = (await store.run(runId))!;
  for await (const { text } of readStepLogs({ store: counting, logsFolder: logs.path, ended: end }, run, { follow: true })) seen.push(text);
  expect(looks).toEqual([21, 1, 1, 22]);
  expect(seen.toSorted()).toEqual([...ended.map((_, i) => `${i}\n`), 'look 1\n', 'look 2\n', 'look 3\n', 'unseen\n'].toSorted());
});

it('what a machine that went down left in the middle of a log hides nothing that stands behind it, and is told', async () => {
  const { id: runId } = await createdRun(store);
  const [first, second] = [await completedStep(store, runId, 'first'), await completedStep(store, runId, 'second')];
  printed(runId, first.id, 'before\n');
  writeFileSync(consoleFile(logs.path, runId, first.id), `${'\0'.repeat(64)}\n{"at":"x"}\n`, { flag: 'a' });
  printed(runId, first.id, 'after\n');
  printed(runId, second.id, 'of the next step\n');
  const seen: string[] = [];
  const from = { store, logsFolder: logs.path, ended: () => Promise.resolve(true) };
  for await (const { text } of readStepLogs(from, (await store.run(runId))!, {})) seen.push(text);
  const damaged = expect.stringContaining('damaged');
  expect(seen).toEqual(['before\n', damaged, damaged, 'after\n', 'of the next step\n']);
});

it('a log that cannot be read is a mistake of the place, and no bug', async () => {
  const { id: runId } = await createdRun(store);
  const file = consoleFile(logs.path, runId, (await completedStep(store, runId, 'only')).id);
  mkdirSync(file, { recursive: true });
  const from = { store, logsFolder: logs.path, ended: () => Promise.resolve(true) };
  const read = readStepLogs(from, (await store.run(runId))!, {}).next();
  await expect(read).rejects.toMatchObject({ code: 'FILE_BROKEN', message: `${file} cannot be loaded: it is a folder` });
});
