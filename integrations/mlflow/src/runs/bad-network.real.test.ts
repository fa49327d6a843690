import { randomBytes } from 'node:crypto';

import { describe } from '@jest/globals';
import { canStart, sharedMlflow, type Fault, type FaultScope } from '@mortise/test-servers';
import { testBadNetwork } from '@mortise/test-servers/bad-network';

import { toldByMlflow } from '../testing/told-runs.ts';

const html: Fault = {
  kind: 'answer',
  status: 401,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>401 Unauthorized</title><p>You are not authenticated.</p>',
};
const text: Fault = {
  kind: 'answer',
  status: 403,
  headers: { 'content-type': 'text/plain' },
  body: 'Invalid Host header - possible DNS rebinding attack detected',
};
const busy: Fault = { kind: 'answer', status: 429, headers: { 'retry-after': '1' }, body: 'Too many requests' };
const locked: Fault = {
  kind: 'answer',
  status: 503,
  headers: { 'content-type': 'application/json' },
  body: '{"error_code":"TEMPORARILY_UNAVAILABLE","message":"database is locked"}',
};
const CREATE = { method: 'POST', path: 'runs/create' };
const BATCH = { method: 'POST', path: 'runs/log-batch' };

const PASSING: [string, [Fault, FaultScope][]][] = [
  ['the answers to both runs/create are lost', [[{ kind: 'lose-answer' }, { ...CREATE, times: 2 }]]],
  [
    'the answers to runs/create never come',
    [
      [
        { kind: 'lose-answer', silently: true },
        { ...CREATE, times: 2 },
      ],
    ],
  ],
  ['answers to log-batch are lost', [[{ kind: 'lose-answer' }, { ...BATCH, times: 3 }]]],
  ['the answers to the ends of runs are lost', [[{ kind: 'lose-answer' }, { path: 'runs/update', times: 2 }]]],
  ['429 with Retry-After', [[busy, { times: 3 }]]],
  ['503', [[locked, { times: 4 }]]],
  ['connections are reset', [[{ kind: 'reset' }, { times: 4 }]]],
  ['black holes', [[{ kind: 'black-hole' }, { ...BATCH, times: 2 }], [{ kind: 'black-hole' }, { path: 'runs/search', times: 1 }]]], // prettier-ignore
  [
    'uploads are cut',
    [
      [
        { kind: 'cut-upload', afterBytes: 1_000 },
        { ...BATCH, times: 2 },
      ],
    ],
  ],
];

const LASTING: [string, Fault, RegExp][] = [
  ['401 in HTML', html, /401.*trackingUsername/],
  ['403 in text', text, /403.*--allowed-hosts/],
  ['503', locked, /503|locked/],
  ['429 with a Retry-After of an hour', { ...busy, headers: { 'retry-after': '3600' } }, /429|many requests/],
  ['connections are reset', { kind: 'reset' }, /reset|ECONNRESET/],
  ['black holes', { kind: 'black-hole' }, /./],
];

(canStart('mlflow') ? describe : describe.skip)('a pipeline whose network to a real MLflow server is bad', () => {
  testBadNetwork({
    flavor: 'mlflow',
    module: new URL('../index.ts', import.meta.url),
    async start() {
      const experiment = `network-${randomBytes(4).toString('hex')}`;
      const { url, stop } = await sharedMlflow();
      return {
        url,
        config: (trackingUri) => ({ trackingUri, experimentName: experiment, timeoutMs: 8_000 }),
        toldBy: ({ id }) => toldByMlflow(url, { experiment, runId: id }),
        stop,
      };
    },
    passing: PASSING,
    lasting: LASTING,
  });
});
