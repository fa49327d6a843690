import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isInScope, type Fault, type FaultScope } from './fault.ts';
import { carryOut, type Exchange } from './faulty-exchange.ts';
import type { ProxiedRequest } from './proxied-request.ts';
import type { RealServer } from './real-server.ts';

export interface InjectedFault {
  /** How many requests have met it. */
  readonly hits: number;
  remove(): void;
}

/** An HTTP proxy before one server; streams both ways. A server that is not there resets the connection. */
export interface FaultyProxy extends RealServer {
  /** From the next request on. A request meets the first fault whose scope it is in, in the order they were injected. */
  inject(fault: Fault, scope?: FaultScope): InjectedFault;
  /** Removes all faults. What hangs in a black hole stays there. */
  clear(): void;
  /** Every request since the start, or since `forget`, in the order of arrival. */
  readonly requests: readonly ProxiedRequest[];
  /** How many of `requests` are in this scope; `skip` and `times` are not looked at. */
  count(scope?: FaultScope): number;
  /** Empties `requests`. */
  forget(): void;
}

interface Injection {
  fault: Fault;
  scope: FaultScope;
  matches: number;
  hits: number;
}

/** @param target `http://host:port` of the server */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  const ended = new AbortController();
  let injections: Injection[] = [];
  let requests: Exchange['record'][] = [];

  function faultOf(request: ProxiedRequest): Fault | undefined {
    for (const injection of injections) {
      const { skip = 0, times = Infinity } = injection.scope;
      if (!isInScope(request, injection.scope)) continue;
      injection.matches += 1;
      if (injection.matches <= skip || injection.hits >= times) continue;
      injection.hits += 1;
      return injection.fault;
    }
    return undefined;
  }

  function receive(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const record = { method, path: url, headers, bytesUp: 0, bytesDown: 0, status: undefined };
    requests.push(record);
    const exchange = { incoming, outgoing, record, fault: faultOf(record) };
    // A client that goes away is none of the proxy's troubles.
    incoming.on('error', () => {});
    carryOut(exchange, new URL(target), ended.signal).catch(() => incoming.socket.destroy());
  }

  server.on('request', receive);
  // Not answered by Node itself: whether to continue is the target's to say.
  server.on('checkContinue', receive);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    inject(fault, scope = {}) {
      const injection: Injection = { fault, scope, matches: 0, hits: 0 };
      injections.push(injection);
      return {
        get hits() {
          return injection.hits;
        },
        remove: () => void (injections = injections.filter((other) => other !== injection)),
      };
    },
    clear: () => void (injections = []),
    get requests() {
      return requests;
    },
    count: (scope = {}) => requests.filter((request) => isInScope(request, scope)).length,
    forget: () => void (requests = []),
    async stop() {
      if (!server.listening) return;
      ended.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
