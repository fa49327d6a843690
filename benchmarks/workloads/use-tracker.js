// node use-tracker.js FLAVOR CONFIG: the project's active stack has one tracker, of this flavor, with this config (JSON)
import { Client } from '@mortise/core';

const [flavor, config] = process.argv.slice(2);
const client = new Client();
await client.registerFlavor({ type: 'experiment-tracker', source: `@mortise/${flavor}` });
await client.registerComponent(
  { type: 'experiment-tracker', name: flavor, flavor, config: JSON.parse(config) },
  { allowPlainSecrets: true },
);
await client.registerStack(flavor, { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': flavor });
await client.setActiveStack(flavor);
await client.close();
