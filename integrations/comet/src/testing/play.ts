import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { ExperimentTracker, TrackerEvent, TrackerRunStart } from '@mortise/core';

import { eventsOf, outcomeOf, type Scenario } from './scenarios.ts';

export const never = new AbortController().signal;

/** Most events that core sends at once to this tracker. */
const BATCH = 1_000;

/** Does a scenario as core does it: batches of events in their order, a second process where one goes on. `again` makes a tracker as that process would. */
export async function play(tracker: ExperimentTracker, scenario: Scenario, again: () => Promise<ExperimentTracker>): Promise<void> {
  const files = new Map(scenario.assets.map(({ path, text }) => [`file:///store/${path}`, Buffer.from(text)]));
  const start: TrackerRunStart = {
    ...{
      name: scenario.name,
      experiment: 'demo',
      group: '',
      tags: {},
      startedAt: Date.now() - 5_000,
      settings: { labels: scenario.labels },
    },
    readArtifact: ({ uri }) => Readable.from([files.get(uri)!]),
  };
  const identity = { key: scenario.key, runId: 'run-1', stepId: 'train', attempt: 1 };
  const events = numbered(scenario, files);
  const first = events.length - scenario.resumedRows;
  let run = await tracker.open(identity, start, undefined, never);
  await deliver(events.slice(0, first));
  if (scenario.resumedRows > 0) {
    const known = JSON.parse(JSON.stringify(run.ref)) as typeof run.ref;
    run = await (await again()).open(identity, start, known, never);
    await deliver(events.slice(first));
  }
  await run.close(outcomeOf(scenario), Date.now(), never);

  async function deliver(part: readonly TrackerEvent[]): Promise<void> {
    for (let at = 0; at < part.length; at += BATCH) {
      const { rejected = [] } = await run.deliver(part.slice(at, at + BATCH), never);
      if (rejected.length > 0) throw new Error(`refused: ${JSON.stringify(rejected)}`);
    }
  }
}

function numbered(scenario: Scenario, files: ReadonlyMap<string, Buffer>): TrackerEvent[] {
  const artifacts = Array.from(files, ([uri, bytes]) => ({
    ...{ kind: 'artifact' as const, path: uri.slice('file:///store/'.length), uri, size: bytes.length },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  const at = Date.now();
  return [...artifacts, ...eventsOf(scenario)].map((event, index) => ({ writer: 'w', seq: index + 1, at: at + index, ...event }));
}
