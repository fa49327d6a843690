import type { CometClient } from '../client/comet-client.ts';
import { idOf, type CometPoint } from '../client/points.ts';
import { atOnce } from './at-once.ts';
import type { Gathered } from './gathered.ts';

/** More metrics than these are not asked about one by one before it is known which of them are there. */
const MOST_NAMES = 20;

/** Of a metric that has so many points there, or more, not all are kept. */
const THINNED_OUT = 15_000;

/**
 * Those of these points that Comet does not have. Long curves are thinned out there, so what is asked about should be recent. `alike`: how many points that are
 * known to be there are not told from this one.
 */
export async function missingPoints(
  client: CometClient,
  experimentKey: string,
  { events, alike }: { events: Gathered['points']; alike: (point: CometPoint) => number },
  signal: AbortSignal,
): Promise<Set<CometPoint>> {
  const points = events.flatMap(({ what }) => what);
  const asked = [...new Set(points.map(({ name }) => name))];
  const known = asked.length > MOST_NAMES ? await client.metricNames(experimentKey, signal) : undefined;
  const names = asked.filter((name) => known?.has(name) !== false);
  const there = new Map<string, number>();
  const thinnedOut = new Set<string>();
  await atOnce(names, async (name) => {
    const read = await client.metric(experimentKey, name, signal);
    if (read.length >= THINNED_OUT) thinnedOut.add(name);
    for (const { step, timestamp } of read) count(there, idOf({ name, step, timestamp }), 1);
  });
  for (const [id, known] of new Map(points.map((point) => [idOf(point), alike(point)])))
    count(there, id, -Math.min(known, there.get(id) ?? 0));
  // Two points may be alike, and then there are to be two.
  const missing = new Set(points.filter((point) => count(there, idOf(point), -1) < 0));
  forgetThinned(missing, events, thinnedOut);
  return missing;
}

/** Each writer's points were sent in their order: one that is not there any more was there, if a later one of its metric is. */
function forgetThinned(missing: Set<CometPoint>, events: Gathered['points'], thinnedOut: ReadonlySet<string>): void {
  if (thinnedOut.size === 0) return;
  const arrived = new Set<string>();
  for (const { writer, what } of events.toReversed()) {
    for (const point of what.filter(({ name }) => thinnedOut.has(name))) {
      const curve = `${writer} ${point.name}`;
      if (!missing.has(point)) arrived.add(curve);
      else if (arrived.has(curve)) missing.delete(point);
    }
  }
}

function count(counts: Map<string, number>, id: string, by: number): number {
  const now = (counts.get(id) ?? 0) + by;
  counts.set(id, now);
  return now;
}
