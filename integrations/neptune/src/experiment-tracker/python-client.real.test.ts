import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LoggedEvent, Outcome, TrackerRun } from '@mortise/core';
import { canStart, vendorPython } from '@mortise/test-servers';

import { comparable } from '../testing/comparison.ts';
import { loggedScenario, LONG_TEXT } from '../testing/logged-scenario.ts';
import { offlineRun } from '../testing/offline-run.ts';
import { PYTHON_DECODES, PYTHON_SCENARIOS } from '../testing/python-scenarios.ts';
import { eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

const loss = (step: number, value: number): LoggedEvent => ({ kind: 'metrics', values: { loss: value }, step });

/** What is logged in each scenario, in one or several processes. */
const SCENARIOS: Record<string, { parts: LoggedEvent[][]; outcome?: Outcome }> = {
  success: {
    parts: [
      [
        { kind: 'params', values: { lr: 0.01, n: 3, flag: true, opt: 'adam', none: null } },
        { kind: 'tags', set: { baseline: 'true' } },
        { kind: 'note', markdown: 'low' },
        ...[0, 1, 2, 3, 4].map((step): LoggedEvent => ({ kind: 'metrics', values: { loss: 1 / (step + 1), 'val/acc': step / 10 }, step })),
        loss(4.5, 0.125),
        { kind: 'log', stream: 'out', text: 'a line' },
        { kind: 'log', stream: 'out', text: 'another' },
      ],
    ],
  },
  'what it prints': {
    parts: [
      [
        { kind: 'log', stream: 'out', text: 'a line' },
        { kind: 'log', stream: 'err', text: 'oh' },
        { kind: 'log', stream: 'out', text: 'by letters' },
        { kind: 'log', stream: 'out', text: '' },
        { kind: 'log', stream: 'out', text: 'no end' },
        { kind: 'log', stream: 'err', text: '100%' },
      ],
    ],
  },
  failure: { parts: [[loss(0, 1)]], outcome: { status: 'failed', error: { name: 'TypeError', message: 'no wine left' } } },
  'nested config': {
    parts: [[{ kind: 'params', values: { model: { depth: 3, opt: { name: 'adam', betas: [0.9, 0.999] } } } }]],
  },
  'NaN and infinities': { parts: [[{ kind: 'metrics', values: { nan: NaN, most: Infinity, least: -Infinity }, step: 0 }]] },
  unicode: {
    parts: [
      [
        { kind: 'params', values: { größe: { x: 'ü🍷 損失\n' } } },
        { kind: 'tags', set: { größe: 'ü🍷' } },
        { kind: 'metrics', values: { 損失: 1e-300 }, step: 0 },
      ],
    ],
  },
  '90 kB row': { parts: [[{ kind: 'params', values: { long: LONG_TEXT } }]] },
  'a file': { parts: [[{ kind: 'artifact', path: 'models/weights.bin', uri: '', sha256: '', size: 11 }]] },
  resume: { parts: [[loss(0, 0.5)], [loss(1, 0.25)]] },
  'an empty run': { parts: [[]] },
  '10,000 rows': {
    parts: [
      Array.from({ length: 10 }, (_, step) => ({
        kind: 'metrics',
        values: Object.fromEntries(Array.from({ length: 1_000 }, (__, i) => [`m${i}`, step + i / 1_000])),
        step,
      })),
    ],
  },
};

(canStart('vendor-clients') ? describe : describe.skip)('beside the Python client neptune-scale', () => {
  let folder: string;
  let python: Record<string, string[]>;
  let ours: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
    ours = join(folder, 'ours');
    loggedScenario(folder);
    const printed = await vendorPython(PYTHON_SCENARIOS, { LOGS: join(folder, 'python'), WEIGHTS: join(folder, 'weights.bin') }, folder);
    python = JSON.parse(printed.trimEnd().split('\n').at(-1)!) as Record<string, string[]>;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Gives the file of the run. */
  async function log(parts: LoggedEvent[][], outcome: Outcome = { status: 'completed' }): Promise<string> {
    const identity = newIdentity();
    const readArtifact = (): AsyncIterable<Uint8Array> => [Buffer.from('the weights')] as unknown as AsyncIterable<Uint8Array>;
    const start = startOf({ readArtifact });
    let last: TrackerRun | undefined;
    for (const [index, part] of parts.entries()) {
      const tracker = await trackerAt({ mode: 'offline', offlineDirectory: ours });
      last = await tracker.open(identity, start, last?.ref, never);
      const { rejected } = await last.deliver(eventsOf(part, 1 + index * 100), never);
      expect(rejected).toBeUndefined();
    }
    if (last === undefined) throw new Error('nothing was logged');
    const { ids } = await last.close(outcome, Date.now(), never);
    return ids['neptune_operations_file']!;
  }

  test.each(Object.entries(SCENARIOS))('%s: the run is the same', async (name, { parts, outcome }) => {
    const theirs = offlineRun(...(python[name] as [string, ...string[]]));
    const path = await log(parts, outcome);
    const { run, files } = offlineRun(path);
    expect(comparable(run)).toEqual(comparable(theirs.run));
    expect([...files.values()]).toEqual([...theirs.files.values()]);
  });

  test("our bytes are read by neptune-api's own classes, and nothing of them is unknown to those", async () => {
    const logged = loggedScenario(folder).filter(({ kind }) => kind !== 'artifact');
    const path = await log([logged]);
    const decoded = JSON.parse(await vendorPython(PYTHON_DECODES, { FILE: path }, folder)) as DecodedMessage[];
    const { operations } = offlineRun(path);
    expect(decoded.length).toBe(operations);
    expect(decoded[0]).toMatchObject({ experiment_id: 'wine', inherit_configs: true });
    const assigned = Object.assign({}, ...decoded.map(({ assign }) => assign)) as Record<string, unknown>;
    expect(assigned).toMatchObject({
      'params/lr': { float64: 0.01 },
      'params/n': { int64: '3' },
      'params/flag': { bool: true },
      'params/model/größe/x/y': { string: 'ü🍷' },
      'params/long': { string: LONG_TEXT },
      'sys/failed': { bool: false },
    });
    const appended = decoded.filter(({ append }) => append !== undefined);
    expect(appended.find(({ step }) => step?.micro === '500000')).toMatchObject({
      step: { whole: '4', micro: '500000' },
      append: { 'metrics/loss': { float64: 0.125 } },
    });
    expect(appended.find(({ append }) => append!['metrics/nan'])!.append).toMatchObject({
      'metrics/nan': { float64: 'NaN' },
      'metrics/most': { float64: 'Infinity' },
    });
    expect(decoded.find(({ modify_sets: sets }) => sets?.['sys/tags'])!.modify_sets).toMatchObject({
      'sys/tags': { string: { values: { 'team:red': 'ADD' } } },
    });
  });
});

interface DecodedMessage {
  step?: { whole?: string; micro?: string };
  assign?: Record<string, unknown>;
  append?: Record<string, unknown>;
  modify_sets?: Record<string, unknown>;
}
