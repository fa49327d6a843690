import type { RecordedAnswer, RecordedRequest } from '@mortise/test-servers';

import { textOf } from '../text-of.ts';
import type { CometExperiment } from './comet-experiment.ts';

/** Answers a read route of REST v2; undefined if it is none. */
export function readAnswer(
  route: string,
  { query }: RecordedRequest,
  experiment: CometExperiment,
  url: string,
): RecordedAnswer | undefined {
  switch (route) {
    case 'experiment/metadata':
      return { json: metadataOf(experiment, url) };
    case 'experiment/metrics/get-metric': {
      const points = experiment.points.filter(({ metricName, context }) => fullName(metricName, context) === query.get('metricName'));
      return {
        json: {
          metrics: thinnedOut(points).map(({ metricName, metricValue, step, epoch, context, timestamp }, offset) => ({
            ...{ metricName: fullName(metricName, context), metricValue: textOf(metricValue), step, epoch, timestamp },
            ...{ runContext: context, offset },
          })),
        },
      };
    }
    case 'experiment/metrics/summary': {
      const names = new Set(experiment.points.map(({ metricName, context }) => fullName(metricName, context)));
      return { json: { values: Array.from(names, (name) => ({ name })) } };
    }
    case 'experiment/log-other':
      return { json: { values: Array.from(experiment.others, ([name, value]) => ({ name, valueCurrent: textOf(value) })) } };
    case 'experiment/parameters':
      return { json: { values: Array.from(experiment.params, ([name, value]) => ({ name, valueCurrent: textOf(value) })) } };
    case 'experiment/tags':
      return { json: { tags: [...experiment.tags] } };
    case 'experiment/output':
      return { json: { output: experiment.lines.map(({ output }) => output).join('') } };
    case 'experiment/asset/list':
      return { json: { assets: experiment.assets.map(({ assetId, fileName, bytes }) => ({ assetId, fileName, fileSize: bytes.length })) } };
    default:
      return undefined;
  }
}

/** Comet keeps so many points of a metric. */
const MOST_POINTS = 15_000;

function thinnedOut<T>(points: readonly T[]): readonly T[] {
  if (points.length <= MOST_POINTS) return points;
  const last = points.length - 1;
  return Array.from({ length: MOST_POINTS }, (_, at) => points[Math.round((at * last) / (MOST_POINTS - 1))]!);
}

/** Comet tells of a metric in a context by both. */
function fullName(name: string, context: string | null): string {
  return context === null ? name : `${context}_${name}`;
}

function metadataOf({ key, workspace, project, isAlive, hasCrashed, startedAt, endedAt, others }: CometExperiment, url: string): unknown {
  return {
    ...{ experimentKey: key, workspaceName: workspace, projectName: project, projectId: 'project-1', running: isAlive, hasCrashed },
    ...{ experimentName: others.get('Name') ?? key, startTimeMillis: startedAt ?? 0, endTimeMillis: endedAt ?? 0, archived: false },
    ...{ throttle: false, link: `${url}/${workspace}/${project}/${key}` },
  };
}
