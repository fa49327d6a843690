import type { PipelineRun, TrackerRunView } from '../client/pipeline-run.ts';
import type { ToldRun, ToldRuns } from './told-runs.ts';

/** Of a tracker run, as the conformance suite of trackers reads it: what is looked at here. */
export interface TrackerRunState {
  status: string;
  error?: string;
  tags: Record<string, string>;
  metrics: readonly { name: string }[];
  endedAt?: number;
}

/** The tracker's own ids of a pipeline run and of its attempts. */
export function trackerIdsOf(run: PipelineRun): string[] {
  return trackerRunsOf(run).flatMap(({ id }) => id ?? []);
}

/** Where a pipeline run and its attempts are at the tracker. */
export function trackerUrlsOf(run: PipelineRun): string[] {
  return trackerRunsOf(run).flatMap(({ url }) => url ?? []);
}

function trackerRunsOf(run: PipelineRun): TrackerRunView[] {
  const attempts = Object.values(run.steps).flatMap((step) => step.attempts);
  return [run, ...attempts].flatMap(({ trackerRuns }) => trackerRuns);
}

/** What a tracker tells of a pipeline run that finds its tracker runs by tags: `states` are all that it has, also of other runs. */
export function toldByStates(states: readonly TrackerRunState[], runId: string): ToldRuns {
  const own = states.filter(({ tags }) => tags['mortise.run_id'] === runId);
  const labels = new Map(own.map(({ tags }) => [tags['mortise.key'], labelOf(tags)]));
  const labelled = (key: string | undefined): string | null => (key === undefined ? null : (labels.get(key) ?? 'none that is there'));
  const told: ToldRuns = {};
  for (const { status, error, tags, metrics, endedAt } of own) {
    const run: ToldRun = {
      status,
      endedAt: endedAt === undefined ? null : new Date(endedAt).toISOString(),
      // The store has a kill as an error of that name.
      error: error?.replace(/^killed: /, 'Killed: ') ?? null,
      parent: labelled(tags['mortise.parent_key']),
      supersededBy: labelled(tags['mortise.superseded_by']),
      points: Object.fromEntries(
        Array.from(
          Map.groupBy(metrics, ({ name }) => name),
          ([name, points]) => [name, points.length],
        ),
      ),
    };
    (told[labelOf(tags)] ??= []).push(run);
  }
  return told;
}

const labelOf = (tags: Record<string, string>): string =>
  tags['mortise.step'] === undefined ? 'run' : `${tags['mortise.step']} ${tags['mortise.attempt']}`;

/** With another status: for trackers that do not tell all of them apart. */
export function withStatus(told: ToldRuns, statusOf: (run: ToldRun) => string): ToldRuns {
  return Object.fromEntries(Object.entries(told).map(([label, runs]) => [label, runs.map((run) => ({ ...run, status: statusOf(run) }))]));
}
