import assert from 'node:assert/strict';

import type { LoggedEvent, TrackerEvent } from '@mortise/core';

import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { events, type Clause, type TestRun, type TrackerPlace } from './tracker-place.ts';
import type { PrintedLine } from './tracker-state.ts';

const out = (text: string): LoggedEvent => ({ kind: 'log', stream: 'out', text });
const err = (text: string): LoggedEvent => ({ kind: 'log', stream: 'err', text });

/** What runs print, at trackers that claim to keep it. */
export function outputClauses(it: Clause, { capabilities }: ExperimentTrackerSuite): void {
  if (capabilities.output !== true) return;

  it('what was printed arrives, each line once and in order, out and err told apart where there are two', async (place) => {
    const test = await place.begin();
    const printed = events([
      out('begun'),
      err('oh'),
      out('  tab\there, pr\u00e9cision \u{1f377}'),
      out('again'),
      out('again'),
      err('no'),
      out('done'),
    ]);
    await place.log(test, printed.slice(0, 3));
    await place.log(test, printed.slice(3), true);
    await place.close(test);
    await assertPrinted(place, test, printed);
  });

  it('what was printed and is sent again by another process is there once', async (place) => {
    const first = await place.begin();
    const printed = events(Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? out(`line ${i}`) : err(`line ${i}`))));
    await place.log(first, printed.slice(0, 4));
    await place.log(first, printed.slice(2, 4));
    const second = await place.again(first);
    await place.log(second, printed);
    await place.close(second);
    await assertPrinted(place, second, printed);
  });
}

async function assertPrinted(place: TrackerPlace, test: TestRun, printed: readonly TrackerEvent[]): Promise<void> {
  const { logs } = await place.read(test);
  assert.ok(logs !== undefined, 'it claims to keep output, and its backend gives none: "logs"');
  const found = logs.map(({ stream, text }) => ({ ...(stream !== undefined && { stream }), text: text.replace(/\r?\n$/, '') }));
  const wanted = printed.flatMap((event) => (event.kind === 'log' ? [{ stream: event.stream, text: event.text }] : []));
  if (found.some(({ stream }) => stream === undefined)) return assert.deepEqual(textsOf(found), textsOf(wanted));
  // Some keep the two apart, and do not know any more which line came first.
  for (const stream of ['out', 'err'] as const)
    assert.deepEqual(textsOf(found, stream), textsOf(wanted, stream), `what was printed to std${stream}`);
}

function textsOf(lines: readonly PrintedLine[], stream?: PrintedLine['stream']): string[] {
  return lines.filter((line) => stream === undefined || line.stream === stream).map(({ text }) => text);
}
