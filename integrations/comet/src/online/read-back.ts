import type { CometClient } from '../client/comet-client.ts';
import type { CometPoint } from '../client/points.ts';
import { atOnce } from './at-once.ts';

/** More metrics than these are not asked about one by one before it is known which of them are there. */
const MOST_NAMES = 20;

/** Those of these points that Comet does not have. Long curves are thinned out there, so what is asked about should be recent. */
export async function missingPoints(
  client: CometClient,
  experimentKey: string,
  points: readonly CometPoint[],
  signal: AbortSignal,
): Promise<Set<CometPoint>> {
  const asked = [...new Set(points.map(({ name }) => name))];
  const known = asked.length > MOST_NAMES ? await client.metricNames(experimentKey, signal) : undefined;
  const names = asked.filter((name) => known?.has(name) !== false);
  const there = new Map<string, number>();
  await atOnce(names, async (name) => {
    for (const { step, timestamp } of await client.metric(experimentKey, name, signal)) count(there, idOf(name, step, timestamp), 1);
  });
  // Two points may be alike, and then there are to be two.
  return new Set(points.filter(({ name, step, timestamp }) => count(there, idOf(name, step, timestamp), -1) < 0));
}

/** Values are left out: Comet gives them back as texts. */
function idOf(name: string, step: number | null, timestamp: number | null): string {
  return `${step} ${timestamp} ${name}`;
}

function count(counts: Map<string, number>, id: string, by: 1 | -1): number {
  const now = (counts.get(id) ?? 0) + by;
  counts.set(id, now);
  return now;
}
