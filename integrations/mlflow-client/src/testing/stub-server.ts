import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { artifactRoutes, multipartRoutes, noMultipartRoutes, putPart, type StubUploads } from './artifact-routes.ts';
import { experimentRoutes } from './experiment-routes.ts';
import { logRoutes } from './log-routes.ts';
import { modelRoutes } from './model-routes.ts';
import { registryRoutes } from './registry-routes.ts';
import { runRoutes } from './run-routes.ts';
import { answerFault, type StubFault } from './stub-fault.ts';
import { invalid, page, StubRefusal } from './stub-refusal.ts';
import { StubReply, type Routes, type StubCall, type StubRequest } from './stub-request.ts';
import { StubStore } from './stub-store.ts';

export interface StubServerOptions {
  /** Default: anyone may. */
  auth?: { username: string; password: string };
  /** Serves HTTPS. */
  tls?: { key: string; cert: string };
  /** The artifacts' destination takes uploads in parts. Default false. */
  multipart?: boolean;
  /** Path before all routes, such as `/mlflow`. */
  prefix?: string;
}

/** An MLflow tracking server that keeps all in memory, with the odd ways of version 3.17, of which its tests hold each against the real one. */
export interface StubServer {
  url: string;
  store: StubStore;
  uploads: StubUploads;
  /** What it was asked, in order. */
  requests: StubRequest[];
  /** Has the fault, for requests of which `isMeant` is true (default: all), until the function that it gives is called. The last one counts. */
  fail(fault: StubFault, isMeant?: (request: StubRequest) => boolean): () => void;
  stop(): Promise<void>;
}

interface Injected {
  fault: StubFault;
  isMeant: (request: StubRequest) => boolean;
}

export async function startStubServer(options: StubServerOptions = {}): Promise<StubServer> {
  const { auth, tls, multipart = false, prefix = '' } = options;
  const [store, requests, uploads] = [new StubStore(), [] as StubRequest[], new Map() as StubUploads];
  let faults: Injected[] = [];
  const listen = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A client that goes away, also in the middle of a body, leaves nothing.
    receive(incoming, response).catch(() => incoming.socket.destroy());
  };
  const server: Server = tls === undefined ? createPlainServer(listen) : createTlsServer(tls, listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
  const routes: Routes = {
    ...experimentRoutes,
    ...runRoutes,
    ...logRoutes,
    ...modelRoutes,
    ...registryRoutes,
    ...artifactRoutes,
    ...(multipart ? multipartRoutes(uploads, (id, part) => `${url}/storage/${id}/${part}?signature=signed`) : noMultipartRoutes),
  };

  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://stub');
    const { method = 'GET', headers } = incoming;
    const head = { method, path: pathname, query, headers, body: Buffer.alloc(0) };
    const fault = faults.findLast(({ isMeant }) => isMeant(head))?.fault;
    // Refused without waiting for a body, as servers do.
    if (fault !== undefined && fault !== 'lost') {
      requests.push(head);
      return answerFault(fault, incoming, response);
    }
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk as Buffer);
    const request = { ...head, body: Buffer.concat(body) };
    requests.push(request);
    const { status, headers: sent, body: said } = answer({ request, store, rest: '' });
    if (fault === 'lost') return void incoming.socket.destroy();
    response.writeHead(status, sent).end(said);
  }

  function answer(call: StubCall): StubReply {
    try {
      const said = dispatch(call);
      return said instanceof StubReply ? said : new StubReply(200, { 'content-type': 'application/json' }, JSON.stringify(said));
    } catch (error) {
      if (!(error instanceof StubRefusal)) throw error;
      const challenge = error.status === 401 ? { 'www-authenticate': 'Basic realm="mlflow"' } : {};
      return new StubReply(error.status, { 'content-type': error.contentType, ...challenge }, error.body);
    }
  }

  function dispatch(call: StubCall): object {
    const { request } = call;
    const path = request.path.startsWith(`${prefix}/`) ? request.path.slice(prefix.length + 1) : '';
    if (path === 'health') return plain('text/plain; charset=utf-8', 'OK');
    refuseStrangers(request);
    if (path.startsWith('storage/') && multipart) return putPart(uploads, { ...call, rest: path.slice('storage/'.length) });
    if (auth !== undefined && request.headers.authorization !== basic(auth)) throw page(401, 'Unauthorized');
    if (path === 'version') return plain('text/html; charset=utf-8', '3.17.2');
    return route(call, path);
  }

  function route(call: StubCall, path: string): object {
    const { method, headers } = call.request;
    const [, below] = /^(?:ajax-)?api\/2\.0\/(.*)$/.exec(path) ?? [];
    const matching = below === undefined ? [] : Object.keys(routes).filter((name) => matches(name, below));
    const exact = matching.find((name) => name === `${method} ${below}`) ?? matching.find((name) => name.startsWith(`${method} `));
    if (matching.length === 0 || below === undefined) throw page(404, 'Not Found');
    if (exact === undefined) throw page(405, 'Method Not Allowed');
    const hasJson = method !== 'GET' && method !== 'HEAD' && below.startsWith('mlflow/');
    if (hasJson && headers['content-type'] === undefined) throw invalid('Bad Request. Content-Type header is missing.');
    const prefixLength = exact.slice(exact.indexOf(' ') + 1, -1).length;
    return routes[exact]!({ ...call, rest: exact.endsWith('*') ? decodeURIComponent(below.slice(prefixLength)) : '' });
  }

  return {
    url,
    store,
    uploads,
    requests,
    fail(fault, isMeant = () => true) {
      const injected = { fault, isMeant };
      faults = [...faults, injected];
      return () => void (faults = faults.filter((one) => one !== injected));
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function matches(name: string, path: string): boolean {
  const pattern = name.slice(name.indexOf(' ') + 1);
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) && path.length >= pattern.length : pattern === path;
}

function plain(contentType: string, text: string): StubReply {
  return new StubReply(200, { 'content-type': contentType }, text);
}

/** MLflow's security layer: other hosts and origins get text instead of JSON. */
function refuseStrangers({ method, headers: { host = '', origin } }: StubRequest): void {
  const text = (message: string): StubRefusal => new StubRefusal(403, 'text/plain', message);
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host)) throw text('Invalid Host header - possible DNS rebinding attack detected');
  if (origin !== undefined && method !== 'GET' && !/^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin))
    throw text('Cross-origin request blocked');
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
