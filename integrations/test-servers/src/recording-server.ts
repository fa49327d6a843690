import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { RealServer } from './real-server.ts';

/** A request that was received whole. */
export interface RecordedRequest {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Without `content-encoding: gzip`. */
  readonly body: Buffer;
  /** `body`, parsed; each call parses it anew. Throws where it is no JSON. Python writes NaN and Infinity bare: they come as the strings 'NaN', 'Infinity', '-Infinity'. */
  json(): unknown;
  /** The parts of a multipart form by name. Throws where it is none. */
  form(): Promise<FormData>;
}

/** An object is sent as JSON; `undefined` for 200 and an empty object. */
export type RecordedAnswer = { status?: number; headers?: Record<string, string>; json?: unknown; body?: Uint8Array | string } | undefined;

export interface RecordingServer extends RealServer {
  /** Every request since the start, or since `forget`, in the order in which they were received whole. */
  readonly requests: readonly RecordedRequest[];
  /** Empties `requests`. */
  forget(): void;
}

/** Acts as a vendor's server: `answer` is asked one request at a time, in the order of their arrival, so that it may keep state. What it throws is answered with 500 and kept in the body. */
export async function startRecordingServer(
  answer: (request: RecordedRequest) => RecordedAnswer | Promise<RecordedAnswer>,
): Promise<RecordingServer> {
  let requests: RecordedRequest[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  async function receive(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = recorded(incoming, await buffer(incoming));
    const answered = queue.then(async () => {
      requests.push(request);
      return answer(request);
    });
    queue = answered.catch(() => undefined);
    try {
      const { status = 200, headers = {}, json = {}, body } = (await answered) ?? {};
      const type = body === undefined ? 'application/json' : 'application/octet-stream';
      outgoing.writeHead(status, { 'content-type': type, ...headers }).end(body ?? JSON.stringify(json));
    } catch (error) {
      outgoing.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
    }
  }

  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (incoming, outgoing) => {
    // A client that goes away in the middle has sent no request.
    receive(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the recording server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    get requests() {
      return requests;
    },
    forget: () => void (requests = []),
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function recorded({ method = 'GET', url = '/', headers }: IncomingMessage, sent: Buffer): RecordedRequest {
  const { pathname, searchParams } = new URL(url, 'http://server');
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  return {
    ...{ method, path: pathname, query: searchParams, headers, body },
    json: () => JSON.parse(quoteBare(body.toString())) as unknown,
    form: () => new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData(),
  };
}

/** NaN and infinities outside of strings, as strings. */
const quoteBare = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (found) => (found.startsWith('"') ? found : `"${found}"`));
