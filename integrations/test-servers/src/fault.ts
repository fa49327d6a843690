import type { OutgoingHttpHeaders } from 'node:http';
import type { ProxiedRequest } from './proxied-request.ts';

/**
 * What goes wrong. With `silently` the connection stays open and nothing more comes; without, it is cut.
 * - `lose-answer`: the server gets the request and does its work; when its answer begins, the client's connection is cut.
 * - `answer`: this answer, and the server sees nothing. The request's body is read and dropped.
 * - `reset`: the connection is reset before the server sees anything.
 * - `black-hole`: nothing is read and nothing answers, until the proxy stops or the client gives up.
 * - `delay`: the request goes on after `ms`.
 * - `cut-upload`: the server gets this many bytes of the body and no more.
 * - `cut-download`: the client gets this many bytes of the answer's body and no more.
 * - `flip-byte`: the byte at this offset of the answer's body is another one; nothing else is.
 */
export type Fault =
  | { kind: 'lose-answer'; silently?: boolean }
  | { kind: 'answer'; status: number; headers?: OutgoingHttpHeaders; body?: string }
  | { kind: 'reset' }
  | { kind: 'black-hole' }
  | { kind: 'delay'; ms: number }
  | { kind: 'cut-upload'; afterBytes: number; silently?: boolean }
  | { kind: 'cut-download'; afterBytes: number; silently?: boolean }
  | { kind: 'flip-byte'; at: number };

/** Which requests a fault meets: those that match everything given here. */
export interface FaultScope {
  method?: string;
  /** A string is looked for anywhere in the path with its query. */
  path?: string | RegExp;
  when?: (request: ProxiedRequest) => boolean;
  /** This many of the matching requests pass first. Default 0. */
  skip?: number;
  /** Then this many have the fault. Default: all. */
  times?: number;
}

export function isInScope(request: ProxiedRequest, { method, path, when }: FaultScope): boolean {
  if (method !== undefined && method !== request.method) return false;
  if (typeof path === 'string' && !request.path.includes(path)) return false;
  if (path !== undefined && typeof path !== 'string' && request.path.search(path) === -1) return false;
  return when === undefined || when(request);
}
