import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What goes wrong, instead of an answer or after it:
 * - `unauthorized`: 401, a page. `forbidden`: 403, text. `locked`: 503, a database that is locked. `busy`: 429 with `Retry-After: 2`.
 * - `failed`: 500, text. `gateway`: 502, a proxy's page. `page`: 200, a login page. `reset`: the connection is cut before anything is done.
 * - `lost`: all is done, and the connection cut instead of the answer. `hang`: nothing is done, nothing answered.
 */
export type StubFault =
  'unauthorized' | 'forbidden' | 'locked' | 'busy' | 'failed' | 'gateway' | 'missing' | 'page' | 'reset' | 'lost' | 'hang';

const ANSWERS: Partial<Record<StubFault, [status: number, headers: Record<string, string>, body: string]>> = {
  unauthorized: [
    401,
    { 'content-type': 'text/html; charset=utf-8', 'www-authenticate': 'Basic realm="mlflow"' },
    'You are not authenticated. Please see the documentation.',
  ],
  forbidden: [403, { 'content-type': 'text/plain' }, 'Invalid Host header - possible DNS rebinding attack detected'],
  locked: [
    503,
    { 'content-type': 'application/json' },
    JSON.stringify({
      error_code: 'TEMPORARILY_UNAVAILABLE',
      message: "(sqlite3.OperationalError) database is locked\n[SQL: INSERT INTO metrics VALUES (?)]\n[parameters: ('secret-parameter',)]",
    }),
  ],
  busy: [429, { 'content-type': 'text/plain', 'retry-after': '2' }, 'Too many requests'],
  failed: [500, { 'content-type': 'text/plain; charset=utf-8' }, 'Internal Server Error'],
  gateway: [502, { 'content-type': 'text/html' }, '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'],
  missing: [404, { 'content-type': 'text/html; charset=utf-8' }, '<!doctype html><title>404 Not Found</title>'],
  page: [200, { 'content-type': 'text/html; charset=utf-8' }, '<!doctype html><title>Log in</title>'],
};

/** Answers, or cuts, in the way of the fault. */
export function answerFault(fault: StubFault, request: IncomingMessage, response: ServerResponse): void {
  const answer = ANSWERS[fault];
  if (fault === 'hang') return;
  if (answer === undefined) return void request.socket.destroy();
  const [status, headers, body] = answer;
  response.writeHead(status, headers).end(body);
}
