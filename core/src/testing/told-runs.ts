import type { PipelineRun } from '../client/pipeline-run.ts';

/** How a tracker run ended: in the words of the store, whoever tells it. */
export interface ToldRun {
  status: string;
  /** ISO 8601 UTC with ms; null: it has not ended. */
  endedAt: string | null;
  /** `name: message`; null: none. */
  error: string | null;
  /** Label of the parent. */
  parent: string | null;
  /** Label of the attempt that came after it. */
  supersededBy: string | null;
  /** How many points each of its metrics has. */
  points: Record<string, number>;
}

/** By label: `run` is that of the pipeline run, `train 2` the second attempt of a step. Each of several under one label is there. */
export type ToldRuns = Record<string, ToldRun[]>;

/** What the store says of the tracker runs of a pipeline run, which all are at one tracker. `points`: of the metrics of a step's last attempt, each logged them. */
export function toldByStore(run: PipelineRun): ToldRuns {
  if (run.trackerRuns.length === 0) return {};
  const told: ToldRuns = { run: [{ ...endOf(run), parent: null, supersededBy: null, points: {} }] };
  for (const [id, step] of Object.entries(run.steps)) {
    const tracked = step.attempts.filter(({ trackerRuns }) => trackerRuns.length > 0);
    const points = Object.fromEntries(Object.entries(step.tracker.metrics).map(([name, { count }]) => [name, count]));
    for (const { attempt, trackerRuns, ...end } of tracked) {
      const next = trackerRuns[0]!.supersededBy === null ? null : `${id} ${attempt + 1}`;
      told[`${id} ${attempt}`] = [{ ...endOf(end), parent: 'run', supersededBy: next, points }];
    }
  }
  return told;
}

function endOf({ status, endedAt, error }: Pick<PipelineRun, 'endedAt' | 'error'> & { status: string }) {
  return { status, endedAt, error: error === null ? null : `${error.name}: ${error.message}` };
}
