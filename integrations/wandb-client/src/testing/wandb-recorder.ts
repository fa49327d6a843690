import { startRecordingServer, type RecordedAnswer, type RecordedRequest, type RecordingServer } from '@mortise/test-servers';

import { answerOf, keyOf, runOf, type RecorderState } from './graphql-answers.ts';
import type { RecordedArtifact, RecordedRun } from './recorded-run.ts';

export interface WandbRecorder extends RecordingServer {
  /** Who the key belongs to. */
  readonly entity: string;
  readonly runs: readonly RecordedRun[];
  readonly artifacts: readonly RecordedArtifact[];
  /** By id, wherever it is. */
  run(id: string): RecordedRun | undefined;
  /** Operations that were asked for and are not known here: a client may have got less than it needs. */
  readonly unknown: readonly string[];
  /** From now on gives out addresses of uploads as if it were there, such as behind a proxy. */
  showAs(url: string): void;
  /** Variables of all requests for this operation. */
  variables(operation: string): Record<string, unknown>[];
}

/** Says what Weights & Biases says to its own client, as far as was recorded of that, and keeps what it is told, so that runs can be resumed. Any key of 40 characters is let in. */
export async function startWandbRecorder({ entity = 'acme' }: { entity?: string } = {}): Promise<WandbRecorder> {
  const state: RecorderState = { url: '', entity, runs: new Map(), artifacts: [] };
  const unknown: string[] = [];
  const server = await startRecordingServer((request) => answer(state, unknown, request));
  state.url = server.url;
  return {
    ...{ url: server.url, forget: () => server.forget(), stop: () => server.stop() },
    ...{ entity, unknown, artifacts: state.artifacts },
    get requests() {
      return server.requests;
    },
    get runs() {
      return [...state.runs.values()];
    },
    run: (id) => [...state.runs.values()].find(({ name }) => name === id),
    showAs: (url) => void (state.url = url),
    variables: (operation) =>
      server.requests
        .filter(({ path }) => path === '/graphql')
        .map(questionOf)
        .flatMap((asked) => (asked.operation === operation ? [asked.variables] : [])),
  };
}

function answer(state: RecorderState, unknown: string[], request: RecordedRequest): RecordedAnswer {
  const { method, path } = request;
  if (path.startsWith('/storage/')) return method === 'PUT' ? store(state, request) : { status: 404 };
  // Telemetry of the vendor's client about itself.
  if (path.startsWith('/sdk/otel/')) return {};
  const why = refusal(request);
  if (why !== undefined) return { status: 401, json: { errors: [{ message: why }] } };
  if (path === '/graphql') {
    const { operation, variables } = questionOf(request);
    const data = answerOf(state, operation, variables);
    if (data !== undefined) return { json: { data } };
    unknown.push(operation);
    return { json: { data: null, errors: [{ message: `unknown operation ${operation}`, path: [operation] }] } };
  }
  const [, entity, project, name] = /^\/files\/([^/]+)\/([^/]+)\/([^/]+)\/file_stream$/.exec(path)?.map(decodeURIComponent) ?? [];
  if (name === undefined) return { status: 404, json: { error: 'not found' } };
  const run = state.runs.get(keyOf(entity!, project!, name));
  if (run === undefined) return { status: 404, json: { error: 'run not found' } };
  return stream(run, request);
}

interface Question {
  operation: string;
  variables: Record<string, unknown>;
}

function questionOf(request: RecordedRequest): Question {
  const { operationName, query = '', variables } = JSON.parse(request.body.toString()) as Record<string, unknown>;
  const operation =
    typeof operationName === 'string' && operationName !== ''
      ? operationName
      : (/(?:query|mutation)\s+(\w+)/.exec(String(query))?.[1] ?? '');
  return { operation, variables: (variables ?? {}) as Record<string, unknown> };
}

function refusal({ headers }: RecordedRequest): string | undefined {
  const [scheme, encoded = ''] = headers.authorization?.split(' ') ?? [];
  const [user, key = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return scheme === 'Basic' && user === 'api' && key.length >= 40 ? undefined : 'permission denied';
}

interface Streamed {
  files?: Record<string, { offset: number; content: string[] }>;
  uploaded?: string[];
  complete?: boolean;
  exitcode?: number;
}

function stream(run: RecordedRun, request: RecordedRequest): RecordedAnswer {
  // Lines are texts here, whatever is in them.
  const { files = {}, uploaded = [], complete, exitcode } = JSON.parse(request.body.toString()) as Streamed;
  for (const [name, { offset, content }] of Object.entries(files)) {
    const lines = (run.streams[name] ??= []);
    for (const [at, line] of content.entries()) {
      if (name === 'wandb-history.jsonl' && lines[offset + at] !== undefined && lines[offset + at] !== line) run.overwritten += 1;
      lines[offset + at] = line;
    }
  }
  run.uploaded.push(...uploaded);
  // A run that is written to runs again.
  run.complete = complete === true;
  run.exitCode = complete === true ? (exitcode ?? null) : null;
  return { json: { exitcode: null, limits: { name: 'default', hpm: 1000 } } };
}

function store(state: RecorderState, { path, body }: RecordedRequest): RecordedAnswer {
  const [, , kind, ...rest] = path.split('/').map(decodeURIComponent);
  if (kind === 'run') runOf(state, rest[0], rest[1], rest[2]).files[rest.slice(3).join('/')] = body;
  else {
    const artifact = state.artifacts[Number(rest[0])];
    if (artifact === undefined) return { status: 404 };
    if (kind === 'artifact') artifact.files[rest.slice(1).join('/')] = body;
    else artifact.manifest = JSON.parse(body.toString()) as NonNullable<RecordedArtifact['manifest']>;
  }
  return { body: '' };
}
