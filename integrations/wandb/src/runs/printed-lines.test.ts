import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startFaultyProxy, type FaultyProxy } from '@mortise/test-servers';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import { ALL, keptLines, NONE, printedBy, testPrintedLines, type PrintingProject } from '../../../../core/src/testing/printed-lines.ts';
import { trackerProject } from '../../../../core/src/testing/tracker-project.ts';
import { readOfflineRun } from '../testing/offline-backend.ts';
import { API_KEY } from '../testing/online-backend.ts';
import { readOnlineRun } from '../testing/read-run.ts';

const OFF = { WANDB_CONSOLE: 'off' };

async function openAt(recorder: WandbRecorder, baseUrl: string): Promise<PrintingProject> {
  const project = await trackerProject('wandb', { mode: 'online', baseUrl, apiKey: API_KEY });
  return { project, linesOf: async ({ id }) => (id === null ? undefined : readOnlineRun(recorder, id)?.logs) };
}

describe('at W&B', () => {
  testPrintedLines(
    async () => {
      const recorder = await startWandbRecorder();
      return { ...(await openAt(recorder, recorder.url)), end: () => recorder.stop() };
    },
    { off: OFF },
  );
});

describe('in transaction logs for W&B', () => {
  testPrintedLines(
    async () => ({
      project: await trackerProject('wandb', { mode: 'offline' }),
      linesOf: async ({ url }) => (await readOfflineRun(fileURLToPath(url!))).logs,
    }),
    { off: OFF },
  );
});

describe('what steps printed while W&B was away', () => {
  let recorder: WandbRecorder;
  let proxy: FaultyProxy;
  let opened: PrintingProject;
  beforeAll(async () => {
    recorder = await startWandbRecorder();
    proxy = await startFaultyProxy(recorder.url);
    opened = await openAt(recorder, proxy.url);
  });
  afterAll(async () => {
    await opened?.project.end();
    await proxy?.stop();
    await recorder?.stop();
  });

  test('is sent by another process, each line once and in order, although answers are lost', async () => {
    const away = proxy.inject({ kind: 'reset' });
    expect(await printedBy(opened, 'away', { patienceMs: 500 })).toEqual(NONE);
    away.remove();
    const lost = proxy.inject({ kind: 'lose-answer' }, { path: 'file_stream', times: 2 });
    opened.project.scripts.write('deliver.mjs', DELIVER);
    expect((await opened.project.scripts.start('deliver.mjs').ended).text).toContain('left 0');
    expect(lost.hits).toBe(2);
    expect(await keptLines(opened, 'away')).toEqual(ALL);
  });
});

const DELIVER = `
import { Client } from '@mortise/core';
const client = new Client();
console.log('left', (await client.deliver())[0].left);
await client.close();
`;
