import type { CometClient } from '../client/comet-client.ts';
import { idOf, type CometPoint } from '../client/points.ts';
import { atOnce } from './at-once.ts';

/** More metrics than these are not asked about one by one before it is known which of them are there. */
const MOST_NAMES = 20;

/**
 * Those of these points that Comet does not have. Long curves are thinned out there, so what is asked about should be recent. `alike`: how many points that are
 * known to be there are not told from this one.
 */
export async function missingPoints(
  client: CometClient,
  experimentKey: string,
  { points, alike }: { points: readonly CometPoint[]; alike: (point: CometPoint) => number },
  signal: AbortSignal,
): Promise<Set<CometPoint>> {
  const asked = [...new Set(points.map(({ name }) => name))];
  const known = asked.length > MOST_NAMES ? await client.metricNames(experimentKey, signal) : undefined;
  const names = asked.filter((name) => known?.has(name) !== false);
  const there = new Map<string, number>();
  await atOnce(names, async (name) => {
    for (const { step, timestamp } of await client.metric(experimentKey, name, signal)) count(there, idOf({ name, step, timestamp }), 1);
  });
  for (const [id, known] of new Map(points.map((point) => [idOf(point), alike(point)])))
    count(there, id, -Math.min(known, there.get(id) ?? 0));
  // Two points may be alike, and then there are to be two.
  return new Set(points.filter((point) => count(there, idOf(point), -1) < 0));
}

function count(counts: Map<string, number>, id: string, by: number): number {
  const now = (counts.get(id) ?? 0) + by;
  counts.set(id, now);
  return now;
}
