import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

import { startPlainServer } from '@mortise/test-servers';

export interface StubRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  bytes: number;
  /** What was sent, as UTF-8. */
  text(): string;
}

/** An answer in one line: status, body, headers; or whatever a function does. */
export type StubAnswer =
  [status: number, body?: string, headers?: Record<string, string>] | ((response: ServerResponse, request: StubRequest) => void);

/** An HTTP server on this host that answers what a test says. */
export interface StubServer {
  url: string;
  requests: StubRequest[];
  /** To the next requests, one after another; the last one stays. */
  answer(...answers: StubAnswer[]): void;
  close(): Promise<void>;
}

/** An answer as S3 gives it when it refuses something. */
export const refusal = (status: number, code: string, more = '', headers: Record<string, string> = {}): StubAnswer => [
  status,
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>said by the server</Message>${more}</Error>`,
  { 'content-type': 'application/xml', ...headers },
];

export async function stubServer(): Promise<StubServer> {
  const requests: StubRequest[] = [];
  let answers: StubAnswer[] = [[500]];
  const { url, stop } = await startPlainServer((incoming, response) => {
    const { method = '', url: path = '', headers } = incoming;
    const chunks: Buffer[] = [];
    const request: StubRequest = { method, path, headers, bytes: 0, text: () => Buffer.concat(chunks).toString() };
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      request.bytes += chunk.length;
    });
    incoming.on('end', () => {
      requests.push(request);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (typeof answer === 'function') return answer(response, request);
      const [status, body = '', sent = {}] = answer;
      response.writeHead(status, sent).end(method === 'HEAD' ? undefined : body);
    });
  });
  return { url, requests, answer: (...next) => void (answers = next), close: stop };
}
