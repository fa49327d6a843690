import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** Answers one request: with a status and headers, or as it likes. */
export type Answer =
  number | [status: number, headers: Record<string, string>] | ((response: ServerResponse, body: string, method: string) => void);

/** An HTTP server on this host that keeps what it is asked. */
export interface WebhookServer {
  url: string;
  requests: ReceivedRequest[];
  /** For the next requests, one after another; the last one stays. At first: 204. */
  answer(...answers: Answer[]): void;
  close(): Promise<void>;
}

export async function webhookServer(): Promise<WebhookServer> {
  const requests: ReceivedRequest[] = [];
  let answers: Answer[] = [204];
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ method, path, headers, body, at: Date.now() });
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (typeof answer === 'function') return answer(response, body, method);
      const [status, sent] = typeof answer === 'number' ? [answer, {}] : answer;
      response.writeHead(status, sent).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (...next) => void (answers = next),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
