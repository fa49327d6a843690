import { startRecordingServer, type RecordedAnswer, type RecordedRequest, type RecordingServer } from '@mortise/test-servers';

import { textOf } from '../text-of.ts';
import { CometExperiment } from './comet-experiment.ts';
import { readAnswer } from './recorder-reads.ts';
import { fieldsOf, writeAnswer } from './recorder-writes.ts';

/** A recording server that acts as Comet: for Comet's Python client, for `comet upload`, and for ours. */
export interface CometRecorder extends RecordingServer {
  readonly experiments: ReadonlyMap<string, CometExperiment>;
  /** Fails unless there is one experiment of this key. */
  experiment(key: string): CometExperiment;
}

export interface CometRecorderOptions {
  /** The only key that it knows; default: any. */
  apiKey?: string;
  /** Routes that this server does not have: 404, an HTML page. */
  lacks?: RegExp;
  /** It answers this status where the body that opens an experiment does not hold the key, which no server is known to do. Default: the header is enough. */
  wantsKeyInBody?: number;
}

export async function startCometRecorder({ apiKey, lacks, wantsKeyInBody }: CometRecorderOptions = {}): Promise<CometRecorder> {
  const experiments = new Map<string, CometExperiment>();
  let url = '';

  async function answer(request: RecordedRequest): Promise<RecordedAnswer> {
    const route = request.path.replace(/^\/(api\/rest\/v2|clientlib\/rest\/v2|clientlib)\//, '');
    if (lacks?.test(request.path) === true)
      return { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>not found</html>' };
    if (apiKey !== undefined && request.headers.authorization !== apiKey)
      return { status: 401, json: { msg: 'API key is not valid', code: 401 } };
    if (route === 'isAlive/ver') return { json: { version: '99.9.9', msg: 'alive' } };
    if (route === 'logger/add/run' || route === 'logger/get/run') return handshake(route, fieldsOf(request));
    if (route === 'status-report/update') return report(fieldsOf(request));
    if (route === 'write/experiment/set-status') return { json: BEAT };
    const key = String(request.query.get('experimentKey') ?? request.query.get('experimentId') ?? fieldsOf(request)['experimentKey']);
    const experiment = experiments.get(key);
    if (experiment === undefined && route.includes('experiment/'))
      return { status: 400, json: { msg: `no such experiment ${key}`, code: 400 } };
    if (experiment === undefined) return {};
    return readAnswer(route, request, experiment, url) ?? (await writeAnswer(route, request, experiment));
  }

  /** What Comet's own client says every few seconds, and at the end. */
  function report({ experimentKey, is_alive: isAlive }: Record<string, unknown>): RecordedAnswer {
    const experiment = experiments.get(String(experimentKey));
    if (experiment !== undefined) experiment.isAlive = isAlive === true;
    return { json: BEAT };
  }

  function handshake(route: string, fields: Record<string, unknown>): RecordedAnswer {
    if (wantsKeyInBody !== undefined && fields['apiKey'] === undefined)
      return { status: wantsKeyInBody, json: { msg: 'no API key', code: 400 } };
    const key = String(fields['experimentKey'] ?? fields['previousExperiment']);
    const known = experiments.get(key);
    if (route === 'logger/get/run' && known === undefined)
      return { status: 400, json: { sdk_error_code: 90_210, msg: 'no write access', code: 400 } };
    if (route === 'logger/add/run' && known !== undefined && fields['getOrCreateEnabled'] !== true)
      return { status: 400, json: { sdk_error_code: 90_999, msg: 'experiment exists', code: 400 } };
    const experiment = known ?? new CometExperiment(key, textOf(fields['teamName'] ?? 'home'), textOf(fields['projectName'] ?? 'general'));
    experiments.set(key, experiment);
    return { json: { ...HANDSHAKE, focusUrl: `${url}/${experiment.workspace}/${experiment.project}/`, experimentKey: key } };
  }

  const server = await startRecordingServer(answer);
  ({ url } = server);
  return Object.assign(Object.create(server) as RecordingServer, {
    experiments,
    experiment(key: string): CometExperiment {
      const found = experiments.get(key);
      if (found === undefined) throw new Error(`the recorder has no experiment ${key}, but ${[...experiments.keys()].join(', ')}`);
      return found;
    },
  });
}

const BEAT = {
  is_alive_beat_duration_millis: 10_000,
  gpu_monitor_interval_millis: 60_000,
  cpu_monitor_interval_millis: 60_000,
  parameter_update_interval_millis: 10_000,
  pending_rpcs: false,
};

const HANDSHAKE = {
  runId: 'run-1',
  project_id: 'project-1',
  msg: 'ok',
  lastOffset: 0,
  featureToggles: [],
  upload_file_size_limit_in_mb: 100,
  asset_upload_file_size_limit_in_mb: 100,
};
