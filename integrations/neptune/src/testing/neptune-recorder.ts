import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { startRecordingServer, type RecordedAnswer, type RecordedRequest, type RecordingServer } from '@mortise/test-servers';

import { readFields } from '../wire/read-fields.ts';
import { readRunOperation } from '../wire/read-operations.ts';
import type { RunOperation } from '../wire/snapshot.ts';
import { RunAtNeptune, type IngestRules } from './run-at-neptune.ts';

const API_KEY = 'hunter2-neptune-key';

export interface RecorderOptions extends IngestRules {
  provider?: 'aws' | 'azure' | 'gcp';
  /** Files above this size, bytes, go in parts of it. */
  partSize?: number;
  /** This often it says of each operation that it is not processed yet. */
  slowChecks?: number;
  /** What it says of runs that are made, of `IngestCode`. */
  createCode?: number;
}

/** Acts as a Neptune 3 for its Python client and for ours. */
export interface NeptuneRecorder {
  readonly server: RecordingServer;
  /** An API token for it, or for a proxy before it. */
  token(address?: string): string;
  readonly secret: string;
  /** Every operation that was ingested, repeats included, in their order. */
  readonly operations: readonly RunOperation[];
  run(id: string): RunAtNeptune | undefined;
  readonly runs: readonly RunAtNeptune[];
  /** Bytes by storage path. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** The tokens that it let clients in with are none any more. */
  revoke(): void;
  stop(): Promise<void>;
}

/** Starts one. What it holds is in memory. */
export async function startNeptuneRecorder(options: RecorderOptions = {}): Promise<NeptuneRecorder> {
  const state = new RecorderState(options);
  const server = await startRecordingServer((request) => state.answer(request, `http://${request.headers.host}`));
  return {
    server,
    token: (address = server.url) =>
      Buffer.from(JSON.stringify({ api_address: address, api_url: address, api_key: API_KEY })).toString('base64'),
    secret: API_KEY,
    operations: state.operations,
    run: (id) => state.runs.get(id),
    get runs() {
      return [...state.runs.values()];
    },
    files: state.files,
    revoke: () => state.revoke(),
    stop: () => server.stop(),
  };
}

class RecorderState {
  readonly operations: RunOperation[] = [];
  readonly runs = new Map<string, RunAtNeptune>();
  readonly files = new Map<string, Buffer>();
  readonly #options: RecorderOptions;
  readonly #codes = new Map<string, { codes: number[]; asked: number }>();
  readonly #parts = new Map<string, Buffer[]>();
  #tokens = new Set<string>();
  #refreshTokens = new Set<string>();
  #count = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  revoke(): void {
    this.#tokens.clear();
  }

  answer(request: RecordedRequest, self: string): RecordedAnswer {
    const { method, path } = request;
    if (path.startsWith('/storage/')) return this.#store(request, self);
    switch (`${method} ${path}`) {
      case 'GET /api/backend/v1/clients/config': {
        const openIdDiscovery = `${self}/auth/realms/neptune/.well-known/openid-configuration`;
        return { json: { apiUrl: self, applicationUrl: self, pyLibVersions: {}, security: { clientId: 'neptune-cli', openIdDiscovery } } };
      }
      case 'GET /auth/realms/neptune/.well-known/openid-configuration':
        return { json: { issuer: self, authorization_endpoint: `${self}/auth/authorize`, token_endpoint: `${self}/auth/token` } };
      case 'GET /api/backend/v1/authorization/oauth-token':
        return this.#exchange(request);
      case 'POST /auth/token':
        return this.#refresh(request);
    }
    if (!this.#isLetIn(request)) return { status: 401, json: { message: 'the token has expired' } };
    switch (`${method} ${path}`) {
      case 'POST /api/client/v1/ingest':
        return { body: this.#ingest(readRunOperation(request.body)) };
      case 'POST /api/client/v1/ingest/check':
        return { body: this.#check(request.body) };
      case 'POST /api/storagebridge/v1/signedUrl':
        return { json: this.#sign(request.json() as SignRequest, self) };
      case 'POST /api/storagebridge/v1/s3/completeMultipartUpload':
        return this.#complete(request.json() as { path: string; parts: unknown[] });
      default:
        return { status: 404, json: { message: 'not found' } };
    }
  }

  #exchange({ headers }: RecordedRequest): RecordedAnswer {
    const token = String(headers['x-neptune-api-token']);
    if (!Buffer.from(token, 'base64').toString().includes(API_KEY)) return { status: 401, json: { message: 'unknown API token' } };
    const { access, refresh } = this.#newTokens();
    return { json: { username: 'ann', accessToken: access, refreshToken: refresh } };
  }

  #refresh({ body }: RecordedRequest): RecordedAnswer {
    const form = new URLSearchParams(body.toString());
    const known = form.get('grant_type') === 'refresh_token' && this.#refreshTokens.delete(form.get('refresh_token') ?? '');
    if (!known) return { status: 400, json: { message: 'unknown refresh token' } };
    const { access, refresh } = this.#newTokens();
    return { json: { access_token: access, refresh_token: refresh } };
  }

  /** JSON web tokens: the Python client looks for the end of them. */
  #newTokens(): { access: string; refresh: string } {
    const jwt = (kind: string): string => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1_000) + 3_600, jti: `${kind}-${++this.#count}` })}.c2lnbmF0dXJl`;
    };
    const tokens = { access: jwt('access'), refresh: jwt('refresh') };
    this.#tokens.add(tokens.access);
    this.#refreshTokens.add(tokens.refresh);
    return tokens;
  }

  #isLetIn({ headers }: RecordedRequest): boolean {
    return this.#tokens.has(String(headers.authorization).replace(/^Bearer /, ''));
  }

  #ingest(operation: RunOperation): Uint8Array {
    this.operations.push(operation);
    const { project, runId, create, snapshots } = operation;
    const run = this.runs.get(runId) ?? new RunAtNeptune(project, runId);
    this.runs.set(runId, run);
    const ofCreation = this.#options.createCode ?? (run.created === undefined ? 0 : RUN_DUPLICATE);
    if (create !== undefined) run.created ??= create;
    const codes = create === undefined ? snapshots.map((snapshot) => run.apply(snapshot, this.#options)) : [[ofCreation]];
    const writer = new BinaryWriter();
    const ids = codes.map((each) => {
      const id = `00000000-0000-0000-0000-${String(++this.#count).padStart(12, '0')}`;
      this.#codes.set(id, { codes: each, asked: 0 });
      return id;
    });
    writer.tag(1, WireType.LengthDelimited).string(ids[0]!);
    for (const id of ids) writer.tag(2, WireType.LengthDelimited).string(id);
    return writer.finish();
  }

  #check(body: Uint8Array): Uint8Array {
    const ids: string[] = [];
    readFields(body, { 1: (reader) => readFields(reader.bytes(), { 1: (id) => void ids.push(id.string()) }) });
    const writer = new BinaryWriter();
    for (const id of ids) {
      writer.tag(1, WireType.LengthDelimited).fork();
      for (const [detail, count] of this.#countsOf(id)) {
        writer.tag(1, WireType.LengthDelimited).fork();
        // INVALID_ARGUMENT, or UNAVAILABLE while it is being processed.
        if (detail !== 0) writer.tag(1, WireType.Varint).int32(detail === NOT_YET ? 14 : 3);
        writer.tag(2, WireType.Varint).int64(count);
        if (detail > 0) writer.tag(3, WireType.Varint).int32(detail);
        writer.join();
      }
      writer.join();
    }
    return writer.finish();
  }

  #countsOf(id: string): [detail: number, count: number][] {
    const known = this.#codes.get(id);
    if (known === undefined || known.asked++ < (this.#options.slowChecks ?? 0)) return [[NOT_YET, 1]];
    return Array.from(
      Map.groupBy(known.codes, (code) => code),
      ([code, each]) => [code, each.length],
    );
  }

  #sign({ files }: SignRequest, self: string): object {
    const { provider = 'aws', partSize = Infinity } = this.#options;
    return {
      files: files.map(({ path, project_identifier, size }) => {
        const url = `${self}/storage/${provider}/${path.split('/').map(encodeURIComponent).join('/')}?signature=abc`;
        const part_urls = Array.from({ length: Math.ceil(size / partSize) }, (_, index) => `${url}&part=${index + 1}`);
        const isLarge = provider === 'aws' && size > partSize;
        return {
          path,
          project_identifier,
          provider,
          url,
          ...(isLarge && { multipart: { upload_id: 'u-1', part_size: partSize, part_urls } }),
        };
      }),
    };
  }

  #store({ method, path, query, body, headers }: RecordedRequest, self: string): RecordedAnswer {
    const [provider, ...rest] = path.slice('/storage/'.length).split('/');
    const key = rest.map(decodeURIComponent).join('/');
    if (query.get('signature') !== 'abc') return { status: 403 };
    if (provider === 'gcp' && method === 'POST') return { headers: { location: `${self}${path}?signature=abc&session=1` } };
    if (method !== 'PUT') return { status: 405 };
    if (provider === 'azure' && headers['x-ms-blob-type'] !== 'BlockBlob') return { status: 400 };
    const part = query.get('part');
    if (part === null) this.files.set(key, body);
    else {
      const parts = this.#parts.get(key) ?? [];
      parts[Number(part) - 1] = body;
      this.#parts.set(key, parts);
    }
    return { status: provider === 'azure' ? 201 : 200, headers: { etag: `"${part ?? 1}"` } };
  }

  #complete({ path, parts }: { path: string; parts: unknown[] }): RecordedAnswer {
    const bytes = this.#parts.get(path) ?? [];
    if (bytes.length !== parts.length) return { status: 400, json: { message: 'parts are missing' } };
    this.files.set(path, Buffer.concat(bytes));
    return {};
  }
}

const NOT_YET = -1;
/** Of `IngestCode`. */
const RUN_DUPLICATE = 11;

interface SignRequest {
  files: { path: string; project_identifier: string; size: number }[];
}
