import type { Json } from '@mortise/core';
import type { RecordedAnswer, RecordedRequest } from '@mortise/test-servers';

import type { CometExperiment, RecordedLine, RecordedPoint } from './comet-experiment.ts';

type Fields = Record<string, unknown>;

/** The JSON body of a request; `{}` where there is none. */
export function fieldsOf({ headers, body, json }: RecordedRequest): Fields {
  return headers['content-type']?.includes('json') === true && body.length > 0 ? (json() as Fields) : {};
}

const OK: RecordedAnswer = { json: { msg: 'ok', code: 200 } };

/** Does what a write route asks for. Routes that say nothing of what is logged are answered with `ok`. */
export async function writeAnswer(route: string, request: RecordedRequest, experiment: CometExperiment): Promise<RecordedAnswer> {
  if (route === 'write/experiment/upload-asset' || route === 'asset/upload') return upload(request, experiment);
  write(route, fieldsOf(request), experiment);
  return OK;
}

function write(route: string, fields: Fields, experiment: CometExperiment): void {
  const values = (fields['values'] ?? []) as Fields[];
  switch (route) {
    case 'batch/logger/experiment/metric':
      return void experiment.points.push(...values.map(pointOf));
    case 'write/experiment/metric':
      return void experiment.points.push(pointOf(fields));
    case 'batch/logger/experiment/parameter':
      return values.forEach((value) => experiment.params.set(value['parameterName'] as string, value['parameterValue'] as Json));
    case 'write/experiment/parameter':
      return void experiment.params.set(fields['parameterName'] as string, fields['parameterValue'] as Json);
    case 'write/experiment/log-other':
      return void experiment.others.set(fields['key'] as string, fields['value'] as Json);
    case 'write/experiment/tags':
    case 'tags/add-tags-to-experiment':
      return (fields['addedTags'] as string[]).forEach((tag) => experiment.tags.add(tag));
    case 'write/experiment/html':
      return void (experiment.html = [...(fields['override'] === true ? [] : experiment.html), fields['html'] as string]);
    case 'write/experiment/graph':
      return void (experiment.graph = fields['graph'] as string);
    case 'write/experiment/output':
      return void experiment.lines.push(...(fields['outputLines'] as RecordedLine[]));
    case 'write/experiment/update-status':
      return setStatus(experiment, fields);
    case 'write/experiment/set-start-end-time':
      return setTimes(experiment, fields['startTimeMillis'], fields['endTimeMillis']);
    case 'status-report/offline-metadata':
      return setTimes(experiment, fields['startTimestamp'], fields['endTimestamp']);
  }
}

function setStatus(experiment: CometExperiment, { isAlive, hasCrashed, error }: Fields): void {
  experiment.isAlive = isAlive as boolean;
  experiment.hasCrashed = hasCrashed as boolean;
  experiment.error = error as string | null;
}

function setTimes(experiment: CometExperiment, start: unknown, end: unknown): void {
  if (typeof start === 'number') experiment.startedAt = start;
  if (typeof end === 'number') experiment.endedAt = end;
}

function pointOf(fields: Fields): RecordedPoint {
  const { metricName, metricValue, step = null, epoch = null, context = null, timestamp = null } = fields as Partial<RecordedPoint>;
  return { metricName: metricName!, metricValue: metricValue ?? null, step, epoch, context, timestamp };
}

async function upload({ query, form }: RecordedRequest, experiment: CometExperiment): Promise<RecordedAnswer> {
  const parts = await form();
  const file = parts.get('file');
  if (file === null) return { status: 400, json: { msg: 'no part "file"' } };
  const bytes = Buffer.from(await new Response(file).arrayBuffer());
  const metadata = parts.get('metadata') ?? query.get('metadata');
  const assetId = query.get('assetId') ?? `asset-${experiment.assets.length + 1}`;
  experiment.addAsset({
    ...{ assetId, fileName: query.get('fileName') ?? '', type: query.get('type'), step: query.get('step'), bytes },
    ...{
      overwrite: /^true$/i.test(query.get('overwrite') ?? ''),
      metadata: typeof metadata === 'string' ? (JSON.parse(metadata) as Json) : null,
    },
  });
  return { json: { assetId, msg: 'ok', code: 200 } };
}
