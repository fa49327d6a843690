import { defineFlavor } from '@mortise/core';

/** Posts each alert as JSON to a URL, signed if there is a secret. */
export default defineFlavor({
  apiVersion: 1,
  type: 'alerter',
  name: 'webhook',
  secrets: ['secret'],
  config: async () => (await import('./webhook-alerter-config.ts')).WebhookAlerterConfig,
  load: () => import('./webhook-alerter.ts'),
});
