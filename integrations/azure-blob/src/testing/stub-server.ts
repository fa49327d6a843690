import type { IncomingHttpHeaders } from 'node:http';

import { startPlainServer } from '@mortise/test-servers';

export type StubAnswer = [status: number, body?: string, headers?: Record<string, string>];

/** An HTTP server on this host that answers every request as a test says. */
export interface StubServer {
  url: string;
  requests: { method: string; path: string; headers: IncomingHttpHeaders }[];
  answer: StubAnswer;
  /** Called before a request is answered. */
  onRequest: () => void;
  close(): Promise<void>;
}

/** An answer as Azure gives it when it refuses something. */
export const refusal = (status: number, code: string, detail = ''): StubAnswer => [
  status,
  `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>said by the server\nRequestId:1</Message>${detail}</Error>`,
  { 'content-type': 'application/xml', 'x-ms-error-code': code, 'x-ms-request-id': '1' },
];

export async function stubServer(): Promise<StubServer> {
  const { url, stop } = await startPlainServer((incoming, response) => {
    const { method = '', url: path = '', headers } = incoming;
    incoming.resume().on('end', () => {
      stub.requests.push({ method, path, headers });
      stub.onRequest();
      const [status, body = '', sent = {}] = stub.answer;
      response.writeHead(status, sent).end(method === 'HEAD' ? undefined : body);
    });
  });
  const stub: StubServer = { url, requests: [], answer: [500], onRequest: () => undefined, close: stop };
  return stub;
}
