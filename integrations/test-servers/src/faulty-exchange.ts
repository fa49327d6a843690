import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Writable } from 'node:stream';
import type { Fault } from './fault.ts';
import type { ProxiedRequest } from './proxied-request.ts';

/** One request on its way through the proxy: the client's side, the fault it meets, and the record that is kept of it. */
export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  fault: Fault | undefined;
  record: { -readonly [Key in keyof ProxiedRequest]: ProxiedRequest[Key] };
}

/** Resolves when the chunk has left this process, or cannot any more. */
function written(to: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      to.off('close', done);
      resolve();
    };
    to.once('close', done);
    to.write(chunk, done);
  });
}

/**
 * Passes a body on, chunk by chunk, up to `limit` bytes.
 * @returns whether it came to its end
 */
async function passOn(from: IncomingMessage, to: Writable, limit: number, passed: (chunk: Buffer) => void): Promise<boolean> {
  let left = limit;
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, left);
    passed(part);
    if (part.length > 0) await written(to, part);
    left -= part.length;
    if (left === 0 || to.destroyed) return false;
  }
  return true;
}

/** RST, as of a peer that has gone. */
function reset({ incoming }: Exchange): void {
  incoming.socket.resetAndDestroy();
}

/** What was written still arrives, then the connection ends. */
function cut({ incoming }: Exchange): void {
  incoming.socket.destroySoon();
}

async function answerInstead(exchange: Exchange, fault: Fault & { kind: 'answer' }): Promise<void> {
  const { incoming, outgoing, record } = exchange;
  incoming.resume();
  // Who waits for a `100 Continue` sends no body before it.
  if (incoming.headers.expect === undefined && !incoming.complete) await finished(incoming, { writable: false });
  record.status = fault.status;
  outgoing.writeHead(fault.status, fault.headers).end(fault.body);
}

async function passDown(exchange: Exchange, answer: IncomingMessage): Promise<void> {
  const { outgoing, fault, record } = exchange;
  record.status = answer.statusCode;
  // A connection is a matter of two neighbors.
  const { connection: _, 'keep-alive': __, ...headers } = answer.headersDistinct;
  outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers);
  outgoing.flushHeaders();
  const limit = fault?.kind === 'cut-download' ? fault.afterBytes : Infinity;
  const whole = await passOn(answer, outgoing, limit, (chunk) => {
    const offset = fault?.kind === 'flip-byte' ? fault.at - record.bytesDown : -1;
    if (offset >= 0 && offset < chunk.length) chunk[offset]! ^= 1;
    record.bytesDown += chunk.length;
  });
  if (whole) outgoing.end();
  else if (fault?.kind === 'cut-download' && !fault.silently) cut(exchange);
}

async function passUp(exchange: Exchange, upstream: ClientRequest): Promise<void> {
  const { incoming, fault, record } = exchange;
  const limit = fault?.kind === 'cut-upload' ? fault.afterBytes : Infinity;
  const whole = await passOn(incoming, upstream, limit, (chunk) => (record.bytesUp += chunk.length));
  if (whole) {
    upstream.end();
  } else if (fault?.kind === 'cut-upload' && !fault.silently) {
    upstream.socket?.destroySoon();
    cut(exchange);
  }
}

/** Sends the request to the server and its answer back, as far as the fault lets it. */
export function passThrough(exchange: Exchange, target: URL): void {
  const { incoming, outgoing, fault } = exchange;
  const { connection: _, ...headers } = incoming.headers;
  const upstream = httpRequest({
    host: target.hostname,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    headers,
    // A connection of its own: one that was kept since before a restart would be a fault that nobody injected.
    agent: false,
  });
  outgoing.once('close', () => upstream.destroy());
  upstream.once('continue', () => outgoing.writeContinue());
  upstream.once('error', () => {
    if (!outgoing.headersSent) reset(exchange);
  });
  upstream.once('response', (answer) => {
    if (fault?.kind === 'lose-answer') {
      answer.resume();
      if (!fault.silently) cut(exchange);
    } else {
      passDown(exchange, answer).catch(() => reset(exchange));
    }
  });
  // A client that goes away in the middle closes `outgoing` too.
  passUp(exchange, upstream).catch(() => upstream.destroy());
}

/** Does to the request what its fault says. */
export async function carryOut(exchange: Exchange, target: URL, ended: AbortSignal): Promise<void> {
  const { fault } = exchange;
  if (fault?.kind === 'reset') return reset(exchange);
  if (fault?.kind === 'black-hole') return;
  if (fault?.kind === 'answer') return answerInstead(exchange, fault);
  if (fault?.kind === 'delay') await sleep(fault.ms, undefined, { signal: ended });
  if (!exchange.outgoing.destroyed) passThrough(exchange, target);
}
