import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';

import type { Send } from './send.ts';

/** Whom to trust, in place of Node's own authorities alone. */
export interface TlsTrust {
  /** PEM text of authorities to trust beside Node's own. */
  ca?: string | undefined;
  /** Any certificate is taken. */
  insecure?: boolean | undefined;
}

/** Statuses whose responses may not have a body. */
const WITHOUT_BODY = [204, 205, 304];

/** An answer with a status that no answer may have, and no `Response` can. */
export class StrangeStatus extends Error {
  constructor(status: number | undefined) {
    super(`status ${status}`);
  }
}

/** As much of `fetch` as the clients use, on `node:https`: the one place where a CA can be given. Does not follow redirects. */
export function tlsFetch({ ca, insecure }: TlsTrust): Send {
  let connections: Promise<{ request: typeof import('node:https').request; agent: import('node:https').Agent }> | undefined;
  const connect = async () => {
    const [{ Agent, globalAgent, request }, { getCACertificates }] = await Promise.all([import('node:https'), import('node:tls')]);
    const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
    // Through the same proxy as fetch: Node's own agent has one where NODE_USE_ENV_PROXY or --use-env-proxy asks for it, from 22.21 on.
    const proxied = { proxyEnv: globalAgent.options.proxyEnv };
    // Shorter than the five seconds after which MLflow's server closes an idle connection, so that no request meets that.
    const agent = new Agent({ ...trusted, ...proxied, rejectUnauthorized: insecure !== true, keepAlive: true, timeout: 4_000 });
    return { request, agent };
  };
  return async (url, init) => {
    const { request, agent } = await (connections ??= connect());
    const { method = 'GET', headers, body, signal } = init;
    return new Promise<Response>((resolve, reject) => {
      const options = { method, headers: headers as Record<string, string>, agent, ...(signal && { signal }) };
      const sent = request(url, options, (answer) => {
        const { statusCode: status = 0, rawHeaders } = answer;
        if (status < 200 || status > 599) return refuse(answer);
        const hasBody = !WITHOUT_BODY.includes(status);
        if (!hasBody) answer.resume();
        resolve(new Response(hasBody ? Readable.toWeb(answer) : null, { status, headers: pairsOf(rawHeaders) }));
      });
      const refuse = ({ statusCode }: IncomingMessage): void => {
        reject(new StrangeStatus(statusCode));
        sent.destroy();
      };
      sent.on('upgrade', (answer, socket) => {
        socket.destroy();
        refuse(answer);
      });
      sent.on('error', reject);
      if (body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body))
        return void sent.end(body ?? undefined);
      // What breaks it off is an error of the request, too.
      pipeline(Readable.from(body as AsyncIterable<Uint8Array>, { objectMode: false }), sent, () => undefined);
    });
  };
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1]!] as [string, string]] : []));
}
