import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

import { pythonJson } from './python-json.ts';
import { protoMessage, type ProtoMessage, type Schema, type Shape } from './proto-message.ts';
import type { StubStore } from './stub-store.ts';

/** A request that the stub got. */
export interface StubRequest {
  method: string;
  /** Without the query, as it was sent. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A call in a route's hands. */
export interface StubCall {
  request: StubRequest;
  store: StubStore;
  /** What the route's `*` stands for, decoded once. */
  rest: string;
}

/** An answer that is no JSON. */
export class StubReply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array | string;

  constructor(status: number, headers: OutgoingHttpHeaders = {}, body: Uint8Array | string = '') {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** Gives a reply, or the object that is answered as JSON. Throws a `StubRefusal`. */
export type Route = (call: StubCall) => object;
/** By method and path below `api/2.0/`; one that ends with `*` takes all that begin so. */
export type Routes = Record<string, Route>;

/** The fields of a request, from its query or its body. */
export function messageOf({ request }: StubCall, shape: Shape, schema?: Schema): ProtoMessage {
  if (request.method !== 'GET') return protoMessage(pythonJson(request.body.toString()), shape, schema);
  const fields = [...new Set(request.query.keys())].map((name) => {
    const type = shape[name];
    const isList = typeof type === 'object' && 'list' in type;
    return [name, isList ? request.query.getAll(name) : request.query.get(name)] as const;
  });
  return protoMessage(Object.fromEntries(fields), shape, schema);
}
