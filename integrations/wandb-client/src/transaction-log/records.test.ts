import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';

import { decodeRecord } from './decode-record.ts';
import { encodeRecord, type WritableRecord } from './encode-record.ts';

const RECORDS: WritableRecord[] = [
  { kind: 'header', producer: 'p 1', minConsumer: '0.70.0' },
  {
    kind: 'run',
    run: {
      ...{ id: 'r1', entity: 'e', project: 'p', group: 'g', jobType: 'j', displayName: 'ünï 🎉', notes: '# n', host: 'h', resumed: true },
      ...{ tags: ['a', 'b'], startedAt: 1_795_286_139_393.25, telemetry: { offline: true, platform: 'linux-x64' } },
      config: [
        { path: ['lr'], value: 0.1 },
        { path: ['a.b/c'], value: { deep: [1, { x: null }] } },
        { path: ['inf'], value: -Infinity },
      ],
    },
  },
  { kind: 'run', run: { id: 'r', startedAt: 0, config: [] } },
  { kind: 'config', update: [{ path: ['k'], value: 'v' }], remove: [['old'], ['deep', 'old']] },
  { kind: 'summary', update: [{ path: ['n', 'v'], value: { max: NaN } }], remove: [['x']] },
  {
    kind: 'history',
    row: { _step: 7, loss: 1e-300, 'x.y': -0.5, n: { a: { b: 'text' } }, l: [NaN, 'NaN', { q: Infinity }], nothing: null, yes: true },
  },
  { kind: 'history', row: { _step: 0 } },
  { kind: 'stats', at: 1_795_286_139_393.25, values: { 'system.cpu': 12.5, 'system.disk./.usageGB': 0, 'system.odd': NaN } },
  { kind: 'output', stream: 'out', at: 1_000.5, text: 'a line\n' },
  { kind: 'output', stream: 'err', at: 2_000, text: '' },
  { kind: 'metric', definition: { name: 'val/*', stepMetric: 'epoch', summary: ['min', 'mean'] }, stepSync: true },
  { kind: 'metric', definition: { name: 'x.y', goal: 'maximize', hidden: true }, stepSync: false },
  { kind: 'telemetry', telemetry: { offline: true, platform: 'linux-x64' } },
  { kind: 'environment', environment: { os: 'Linux', startedAt: 1_795_286_139_393, program: 'train.ts', host: 'h' } },
  { kind: 'files', paths: ['a.txt', 'media/b.png'] },
  {
    kind: 'artifact',
    artifact: {
      ...{ runId: 'r', entity: 'e', project: 'p', type: 'dataset', name: 'data', digest: 'd', description: 'text', metadata: '{"k":1}' },
      ...{ aliases: ['latest', 'best'], clientId: 'c', sequenceClientId: 's' },
      entries: [
        { path: 'f/x', digest: 'md5', size: 14, localPath: '/tmp/x' },
        { path: 'y', digest: 'etag', size: 0, ref: 's3://b/y' },
      ],
    },
  },
  { kind: 'alert', alert: { title: 't', text: 'u', level: 'WARN', waitDuration: 5_000 } },
  { kind: 'exit', code: 1, runtimeSeconds: 12 },
  { kind: 'exit', code: -9, runtimeSeconds: 0 },
  { kind: 'footer' },
];

describe('a record', () => {
  test.each(RECORDS)('of kind $kind is read as it was written', (record) => {
    expect(decodeRecord(encodeRecord(3, record))).toEqual(record);
  });

  test('of a config has null for NaN at any depth, as in the vendor’s client', () => {
    const written: WritableRecord = { kind: 'config', update: [{ path: ['a'], value: [NaN, { b: NaN, c: Infinity }] }], remove: [] };
    expect(decodeRecord(encodeRecord(1, written))).toMatchObject({ update: [{ path: ['a'], value: [null, { b: null, c: Infinity }] }] });
  });

  test('of a history leaves out what has no value', () => {
    const row = { _step: 1, a: undefined, empty: {}, deep: { empty: {} } };
    expect(decodeRecord(encodeRecord(1, { kind: 'history', row }))).toEqual({ kind: 'history', row: { _step: 1 } });
  });

  test('of a history with a name that JavaScript treats in a special way changes no other object', () => {
    const row = JSON.parse('{"_step": 1, "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}}') as Record<
      string,
      unknown
    >;
    decodeRecord(encodeRecord(1, { kind: 'history', row }));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('of a history may hold typed values, as newer clients write them', () => {
    const item = (name: string, write: (out: BinaryWriter) => void): ((out: BinaryWriter) => void) => {
      return (out) => {
        out.tag(1, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).string(name);
        write(out);
        out.join();
      };
    };
    const items = [
      item('none', (out) => out.tag(3, WireType.Varint).int32(0)),
      item('yes', (out) => out.tag(4, WireType.Varint).bool(true)),
      item('whole', (out) => out.tag(5, WireType.Varint).sint64(-5)),
      item('number', (out) => out.tag(6, WireType.Bit64).double(NaN)),
      item('text', (out) => out.tag(7, WireType.LengthDelimited).string('NaN')),
      item('json', (out) => out.tag(8, WireType.LengthDelimited).string('[1]')),
    ];
    const out = new BinaryWriter().tag(2, WireType.LengthDelimited).fork();
    for (const write of items) write(out);
    out.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(4).join();
    const row = { _step: 4, none: null, yes: true, whole: -5, number: NaN, text: 'NaN', json: [1] };
    expect(decodeRecord(out.join().finish())).toEqual({ kind: 'history', row });
  });

  test('of an artifact with very many files names the file in which its entries are', () => {
    const record = new BinaryWriter().tag(8, WireType.LengthDelimited).fork().tag(5, WireType.LengthDelimited).string('data');
    record.tag(12, WireType.LengthDelimited).fork().tag(5, WireType.LengthDelimited).string('/staging/1.jl.gz').join();
    expect(decodeRecord(record.join().finish())).toMatchObject({
      artifact: { name: 'data', entries: [], entriesPath: '/staging/1.jl.gz' },
    });
  });

  test('of a kind that is not known is other', () => {
    const sweep = new BinaryWriter()
      .tag(1, WireType.Varint)
      .int64(9)
      .tag(23, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.Varint)
      .int32(5);
    expect(decodeRecord(sweep.join().finish())).toEqual({ kind: 'other' });
  });

  test('cut off within is an error', () => {
    const bytes = encodeRecord(1, { kind: 'output', stream: 'out', at: 1, text: 'text' });
    expect(() => decodeRecord(bytes.subarray(0, -2))).toThrow();
  });
});
