import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { LoggedEvent } from '@mortise/core';

/** 90 kB in one row. */
export const LONG_TEXT = 'π'.repeat(45_000);

/** A bit of everything that a run may log; its file lies in `folder`. */
export function loggedScenario(folder: string): LoggedEvent[] {
  const bytes = Buffer.from('the weights');
  const file = join(folder, 'weights.bin');
  writeFileSync(file, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return [
    {
      kind: 'params',
      values: { lr: 0.01, n: 3, flag: true, opt: 'adam', none: null, layers: [1, 2], model: { depth: 3, 'größe/x': { y: 'ü🍷' } } },
    },
    { kind: 'params', values: { long: LONG_TEXT } },
    { kind: 'tags', set: { baseline: 'true', größe: 'ü🍷' } },
    { kind: 'note', markdown: '# 損失\n\nlow' },
    ...[0, 1, 2, 3, 4].map((step): LoggedEvent => ({ kind: 'metrics', values: { loss: 1 / (step + 1), 'val/acc': step / 10 }, step })),
    { kind: 'metrics', values: { loss: 0.125 }, step: 4.5 },
    { kind: 'metrics', values: { nan: NaN, most: Infinity, least: -Infinity, 損失: 1e-300 }, step: 0 },
    { kind: 'log', stream: 'out', text: 'a line' },
    { kind: 'log', stream: 'out', text: 'another\nof two' },
    { kind: 'log', stream: 'err', text: 'oh' },
    { kind: 'dataset', name: 'wine', digest: 'ab12', source: 'file:///wine.csv' },
    { kind: 'json', name: 'matrix', mime: 'application/json', value: { rows: [[1, 2]] } },
    { kind: 'artifact', path: 'models/weights.bin', uri: pathToFileURL(file).href, sha256, size: bytes.length },
  ];
}
