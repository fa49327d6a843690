import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';

import { Client } from '../index.ts';
import { scriptProject, type ScriptEnd, type ScriptProject } from '../testing/script-project.ts';

const KEY = 'k3y-of-the-cellar';

/** What the webhook was sent, and how it answers. */
const received: { body: string; signature: unknown; alert: { title: string; severity: string; runId: string } }[] = [];
let answer: (response: ServerResponse) => void;
let project: ScriptProject;

const server = createServer((request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    received.push({ body, signature: request.headers['x-mortise-signature'], alert: JSON.parse(body) as (typeof received)[0]['alert'] });
    answer(response);
  });
});

beforeAll(async () => {
  project = await scriptProject();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  await using client = new Client();
  await client.registerComponent({ type: 'alerter', name: 'hook', flavor: 'webhook', config: { url, secret: '{{env.WEBHOOK_KEY}}' } });
  await client.registerStack('alerting', { orchestrator: 'default', 'artifact-store': 'default', alerter: 'hook' });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  project.remove();
});
beforeEach(() => {
  received.length = 0;
});

/** Runs a pipeline that alerts at the end of its step and of itself, and stops it as soon as the step has begun. */
async function stopped(name: string): Promise<ScriptEnd & { ms: number }> {
  project.write(
    `${name}.ts`,
    `import { notify, pipeline, step } from '@mortise/core';
process.env.WEBHOOK_KEY = '${KEY}';
const wait = step('wait', { onFailure: notify(), onEnd: notify() }, async () => { process.stdout.write('ready'); await new Promise((r) => setTimeout(r, 60_000)); });
await pipeline('${name}', { onFailure: notify(), onEnd: notify() }, () => { wait(); }).run({}, { name: '${name}', stack: 'alerting' });
`,
  );
  let begun = 0;
  const end = await project.run(`${name}.ts`, {
    onOutput: (text, child) => {
      if (!text.includes('ready')) return;
      begun = Date.now();
      child.kill('SIGINT');
    },
  });
  if (end.signal === null) throw new Error(end.stderr);
  return { ...end, ms: Date.now() - begun };
}

it('a run that is killed by a signal alerts, signed, before the process ends as it would have', async () => {
  answer = (response) => void response.writeHead(204).end();
  expect(await stopped('told')).toMatchObject({ code: null, signal: 'SIGINT' });
  await using client = new Client();
  const run = await client.getPipelineRun('told');
  expect([run.status, run.warnings]).toEqual(['killed', []]);
  expect(received.map(({ alert: { title, severity, runId } }) => [title, severity, runId])).toEqual([
    ['Step "wait" of pipeline "told" was killed', 'warning', run.id],
    ['Pipeline "told" was killed', 'warning', run.id],
  ]);
  for (const { body, signature } of received) expect(signature).toBe(`sha256=${createHmac('sha256', KEY).update(body).digest('hex')}`);
});

it('a webhook that does not answer holds a process that was asked to stop for 2 s a hook, and no longer', async () => {
  answer = () => undefined;
  const { signal, ms } = await stopped('hung');
  expect(signal).toBe('SIGINT');
  expect(ms).toBeGreaterThan(3_800);
  expect(ms).toBeLessThan(25_000);
  await using client = new Client();
  expect((await client.getPipelineRun('hung')).warnings).toEqual([
    'the alert "Step "wait" of pipeline "hung" was killed" was not sent by "hook": it did not answer in time',
    'the alert "Pipeline "hung" was killed" was not sent by "hook": it did not answer in time',
  ]);
});
