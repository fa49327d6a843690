import type { BadNetwork } from './bad-network.ts';
import type { Fault, FaultScope } from './fault.ts';

/** The requests of a tracker with which a run begins, that bring what it logs, and with which it ends. */
export interface TrackerRequests {
  create: FaultScope;
  batch: FaultScope;
  end: FaultScope;
}

const json = { 'content-type': 'application/json' };
const busy = { kind: 'answer', status: 429, headers: { ...json, 'retry-after': '1' }, body: '{"msg":"too many requests"}' } as const;
const broken: Fault = { kind: 'answer', status: 500, headers: json, body: '{"msg":"internal error"}' };
const denied: Fault = { kind: 'answer', status: 401, headers: json, body: '{"msg":"who are you"}' };
const nonsense: Fault = {
  kind: 'answer',
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<html><p>Welcome to the hotel</p></html>',
};

/** What every tracker behind HTTP is to bear. */
export function usualFaults({ create, batch, end }: TrackerRequests): Pick<BadNetwork, 'passing' | 'lasting'> {
  return {
    passing: [
      ['the answers to the beginnings of runs are lost', [[{ kind: 'lose-answer' }, { ...create, times: 2 }]]],
      ['answers to what is logged are lost', [[{ kind: 'lose-answer' }, { ...batch, times: 2 }]]],
      ['the answers to the ends of runs are lost', [[{ kind: 'lose-answer' }, { ...end, times: 2 }]]],
      [
        'an answer to what is logged never comes',
        [
          [
            { kind: 'lose-answer', silently: true },
            { ...batch, times: 1 },
          ],
        ],
      ],
      ['500 three times', [[broken, { ...batch, times: 3 }]]],
      ['429 with Retry-After', [[busy, { times: 2 }]]],
      ['connections are reset', [[{ kind: 'reset' }, { times: 3 }]]],
      ['a black hole', [[{ kind: 'black-hole' }, { ...batch, times: 1 }]]],
      [
        'connections are cut in the middle of a body',
        [
          [
            { kind: 'cut-upload', afterBytes: 100 },
            { ...batch, times: 2 },
          ],
        ],
      ],
      ['a slow server', [[{ kind: 'delay', ms: 150 }, {}]]],
      ['nonsense', [[nonsense, { ...batch, times: 1 }]]],
    ],
    lasting: [
      ['401', denied, /401/],
      ['500', broken, /500|internal error/],
      ['429 with a Retry-After of an hour', { ...busy, headers: { ...json, 'retry-after': '3600' } }, /429|many requests/],
      ['connections are reset', { kind: 'reset' }, /reset|ECONNRESET/],
      ['black holes', { kind: 'black-hole' }, /./],
      ['nonsense', nonsense, /./],
    ],
  };
}
