// node --conditions=mortise-source recorder.ts FLAVOR: acts as the vendor's server, prints the config of a tracker there, and goes on until its stdin ends
import { startCometRecorder } from '../../integrations/comet/src/testing/comet-recorder.ts';
import { startNeptuneRecorder } from '../../integrations/neptune/src/testing/neptune-recorder.ts';
import { startWandbRecorder } from '../../integrations/wandb-client/src/testing/index.ts';

const apiKey = 'k'.repeat(40);
const starts: Record<string, () => Promise<object>> = {
  wandb: async () => ({ baseUrl: (await startWandbRecorder()).url, apiKey }),
  // As fast as it can: the limit of Comet's own server is a minute for 12,000 points.
  comet: async () => ({ urlOverride: (await startCometRecorder()).url, apiKey, metricsPerMinute: 0 }),
  neptune: async () => ({ apiToken: (await startNeptuneRecorder()).token(), project: 'bench/bench' }),
};

console.log(JSON.stringify({ ...(await starts[process.argv[2]!]!()), mode: 'online' }));
process.stdin.resume().once('end', () => process.exit());
