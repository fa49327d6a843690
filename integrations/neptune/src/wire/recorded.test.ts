import { describe, expect, test } from '@jest/globals';

import { readStatuses } from './read-answers.ts';
import { readCreateRun, readRunOperation, readSnapshot } from './read-operations.ts';
import type { Snapshot } from './snapshot.ts';
import { writeCreateOperation, writeRequestIds, writeSnapshot, writeUpdateOperation } from './write-operations.ts';

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const at = expect.any(Number);

/** As neptune-scale 0.30.0 wrote them. */
const RECORDED: [string, string, object][] = [
  [
    'fields of every type',
    'EgsIkbaD2AYQhunhKSIOCghwYXJhbXMvbhICGAMiEQoLcGFyYW1zL2ZsYWcSAigBIhYKCXBhcmFtcy9schIJCXsUrkfheoQ/IhQKCnBhcmFtcy9vcHQSBjIEYWRhbQ==',
    {
      at,
      assign: new Map<string, object>([
        ['params/n', { kind: 'int', value: 3 }],
        ['params/flag', { kind: 'bool', value: true }],
        ['params/lr', { kind: 'float', value: 0.01 }],
        ['params/opt', { kind: 'string', value: 'adam' }],
      ]),
    },
  ],
  [
    'points of step 0',
    'CgASCwiRtoPYBhC4uZAyQhgKC21ldHJpY3MvYWNjEgkJAAAAAAAAAABCGQoMbWV0cmljcy9sb3NzEgkJAAAAAAAA8D8=',
    {
      at,
      step: 0,
      append: new Map([
        ['metrics/acc', { kind: 'float', value: 0 }],
        ['metrics/loss', { kind: 'float', value: 1 }],
      ]),
    },
  ],
  [
    'tags',
    'EgsIkbaD2AYQ9uC5QCoeCghzeXMvdGFncxISChAKBgoCdDIQAQoGCgJ0MRAB',
    {
      at,
      modify: new Map([
        [
          'sys/tags',
          new Map([
            ['t2', 'add'],
            ['t1', 'add'],
          ]),
        ],
      ]),
    },
  ],
  [
    'a file',
    'EgsIkbaD2AYQkZK6USJmCgtmaWxlcy9oZWxsbxJXalUKRXJ1bi03LTNhNzY2YTA0NTExYWUzMWMvZmlsZXNfaGVsbG8tMDBkYWIxMjFjZjEyZTExNi9ub25lL2NuX2Fzc2V0LnR4dBAMGgp0ZXh0L3BsYWlu',
    {
      at,
      assign: new Map([
        [
          'files/hello',
          {
            kind: 'file',
            value: { path: 'run-7-3a766a04511ae31c/files_hello-00dab121cf12e116/none/cn_asset.txt', size: 12, mime: 'text/plain' },
          },
        ],
      ]),
    },
  ],
];

describe('what the Python client wrote', () => {
  test.each(RECORDED)('%s: is read', (_, recorded, means) => {
    expect(readSnapshot(bytes(recorded))).toEqual(means);
  });

  test.each(RECORDED)('%s: is written in as many bytes, but for the time', (_, recorded) => {
    const snapshot: Snapshot = { ...readSnapshot(bytes(recorded)), at: 1_795_218_193_000 };
    const ours = writeSnapshot(snapshot);
    expect(readSnapshot(ours)).toEqual(snapshot);
    // Without the nanoseconds of the second: a tag and four bytes.
    expect(ours.length).toBe(bytes(recorded).length - 5);
  });

  test('the run that it made is read, and written in its bytes', () => {
    const recorded = bytes('GgwIkLaD2AYQy+KQ3gIiBXJ1bi03KgVleHAtYUgB');
    const run = readCreateRun(recorded);
    expect(run).toEqual({ family: 'run-7', experiment: 'exp-a', createdAt: at });
    const operation = bytes('CglhY21lL2RlbW8SBXJ1bi03Mh4aDAiQtoPYBhDL4pDeAiIFcnVuLTcqBWV4cC1hSAE=');
    expect(readRunOperation(operation)).toEqual({ project: 'acme/demo', runId: 'run-7', create: run, snapshots: [] });
    expect(writeCreateOperation({ project: 'acme/demo', runId: 'run-7' }, recorded)).toEqual(operation);
  });

  test('the ids that it asked for are written in its bytes', () => {
    const asked = 'CiYKJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMWI1OAomCiQwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDFmNDg=';
    expect(writeRequestIds(['00000000-0000-0000-0000-000000001b58', '00000000-0000-0000-0000-000000001f48'])).toEqual(bytes(asked));
    expect(readStatuses(bytes('CgQKAhABCgQKAhAB'))).toEqual([
      { counts: [{ code: 0, count: 1, detail: 0 }] },
      { counts: [{ code: 0, count: 1, detail: 0 }] },
    ]);
  });
});

test('every kind of value comes back as it was', () => {
  const snapshot: Snapshot = {
    at: 1_795_218_192_734.5,
    step: 1.000001,
    assign: new Map<string, never>(
      Object.entries({
        time: { kind: 'timestamp', value: 86_400_001.25 },
        long_ago: { kind: 'timestamp', value: -1_500 },
        set: { kind: 'strings', value: ['a', '損'] },
        least: { kind: 'int', value: -(2 ** 53) + 1 },
        seed: { kind: 'int', value: 2 ** 63, exact: '9223372036854775807' },
        histogram: { kind: 'histogram', value: { edges: [0, 1, 2], values: [3, 4.5] } },
        empty: { kind: 'file', value: { path: 'p', size: 0, mime: 'text/plain' } },
      }) as never,
    ),
    append: new Map([['nan', { kind: 'float', value: NaN }]]),
    modify: new Map([['sys/tags', new Map([['a', 'remove']] as const)]]),
  };
  const update = writeUpdateOperation({ project: 'a/b', runId: 'r' }, [writeSnapshot(snapshot), writeSnapshot({ at: 0 })]);
  expect(readRunOperation(update)).toEqual({ project: 'a/b', runId: 'r', snapshots: [snapshot, { at: 0 }] });
});

test('bytes that are cut are refused', () => {
  const whole = bytes(RECORDED[0]![1]);
  expect(() => readSnapshot(whole.slice(0, -3))).toThrow();
});
