import { describe, it } from '@jest/globals';
import type { Alert } from '@mortise/core';
import { temporaryBackend, testAlerter, type AlerterFault, type ReceivedAlert } from '@mortise/flavor-testkit';

import { webhookServer, type Answer } from '../../testing/webhook-server.ts';
import webhookAlerter from './index.ts';
import { WebhookAlerterConfig } from './webhook-alerter-config.ts';

const SECRETS = ['k3y-of-the-cellar', 't0ken'];

const ANSWERS: Record<AlerterFault, Answer> = {
  down: (response) => void response.destroy(),
  denied: 401,
  hang: () => undefined,
};

function read(body: string): ReceivedAlert {
  const { title, text, severity, runId, url } = JSON.parse(body) as Omit<Alert, 'runId' | 'url'> & {
    [key in 'runId' | 'url']: string | null;
  };
  return { severity, text: `${title}\n${text}`, ...(runId !== null && { runId }), ...(url !== null && { url }) };
}

testAlerter(
  { describe, it },
  {
    name: 'webhook',
    faults: ['down', 'denied', 'hang'],
    secrets: SECRETS,
    backend: async () => {
      const server = await webhookServer();
      const config = { url: `${server.url}/?token=${SECRETS[1]!}`, secret: SECRETS[0]!, retries: 1, timeoutMs: 1_000 };
      const backend = await temporaryBackend(webhookAlerter, () => Object.assign(new WebhookAlerterConfig(), config))();
      const taken: ReceivedAlert[] = [];
      const take: Answer = (response, body, method) => {
        if (method === 'POST') taken.push(read(body));
        response.writeHead(204).end();
      };
      server.answer(take);
      return {
        ...backend,
        received: async () => [...taken],
        async fail(fault) {
          server.answer(ANSWERS[fault]);
          return async () => server.answer(take);
        },
        async remove() {
          backend.remove();
          await server.close();
        },
      };
    },
  },
);
