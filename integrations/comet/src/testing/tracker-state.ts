import { createHash } from 'node:crypto';

import type { ExperimentTrackerBackend } from '@mortise/flavor-testkit';

import { noteOf } from '../run/note-page.ts';
import { textOf } from '../text-of.ts';
import type { CometExperiment } from './comet-experiment.ts';

type TrackerState = NonNullable<Awaited<ReturnType<ExperimentTrackerBackend['read']>>>;

/** An experiment in the words of the conformance suite. */
export function trackerState(experiment: CometExperiment): TrackerState {
  const others = new Map(Array.from(experiment.others, ([name, value]) => [name, textOf(value)]));
  const { Name: name, ...tags } = Object.fromEntries([...others].filter(([, value]) => value !== ''));
  const note = experiment.html.map(noteOf).findLast((found) => found !== undefined);
  return {
    status: statusOf(experiment),
    ...(experiment.error !== null && { error: experiment.error }),
    ...(name !== undefined && { name }),
    tags,
    params: Object.fromEntries(experiment.params),
    metrics: experiment.points.map(({ metricName, metricValue, step }) => ({ name: metricName, value: Number(metricValue), step: step! })),
    artifacts: Object.fromEntries(
      experiment.assets.map(({ fileName, bytes }) => [fileName, { sha256: sha256(bytes), size: bytes.length }]),
    ),
    documents: experiment.assets
      .filter(({ fileName }) => fileName.endsWith('.json'))
      .map(({ fileName }) => fileName.replace(/\.json$/, '')),
    datasets: [...others.keys()].flatMap((key) => /^mortise\.dataset\.(.*)$/.exec(key)?.[1] ?? []),
    ...(note !== undefined && { note }),
    logs: experiment.lines.map(({ output, stderr }) => ({ text: output, stream: stderr ? ('err' as const) : ('out' as const) })),
    ...(experiment.endedAt !== null && { endedAt: experiment.endedAt }),
    links: tags,
  };
}

function statusOf({ isAlive, hasCrashed, others }: CometExperiment): TrackerState['status'] {
  if (isAlive) return 'running';
  if (hasCrashed) return 'failed';
  return others.get('mortise.cached') === 'true' ? 'cached' : 'completed';
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
