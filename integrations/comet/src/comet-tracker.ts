import { Permanent, type ComponentContext, type ExperimentTracker } from '@mortise/core';

import { flawOfKey } from './api-key.ts';
import { CometClient } from './client/comet-client.ts';
import { cometEnvironment } from './comet-environment.ts';
import type { CometRun } from './comet-run.ts';
import type { CometTrackerConfig } from './comet-tracker-config.ts';
import { OnlineTracker } from './online/online-tracker.ts';

/** @throws Permanent online without an API key, with one that is broken, or with an address that is none */
export async function create({
  config,
  log,
  fetch,
  projectRoot,
}: ComponentContext<CometTrackerConfig>): Promise<ExperimentTracker<CometRun>> {
  const { apiKey, root, mode, offlineDirectory, workspace, projectName, timeoutMs, names, output } = await cometEnvironment(config, {
    env: process.env,
    projectRoot,
  });
  const place = { workspace, ...(projectName !== undefined && { projectName }) };
  if (mode === 'offline') {
    // With all that writes and reads archives, which takes half as long to load as Node itself.
    const { OfflineTracker } = await import('./offline/offline-tracker.ts');
    return new OfflineTracker({ folder: offlineDirectory, place, names, output, warn: (message) => log.warn(message) });
  }
  if (apiKey === undefined)
    throw new Permanent('Comet asks for an API key: give apiKey, set COMET_API_KEY, or set mode to "offline" and upload later');
  const flaw = flawOfKey(apiKey);
  if (flaw !== undefined) throw new Permanent(`the API key ${flaw}`);
  if (!URL.canParse(root) || !/^https?:/.test(root)) throw new Permanent('COMET_URL_OVERRIDE is no address: http(s)://host[:port]');
  const client = new CometClient({ apiKey, root, timeoutMs, metricsPerMinute: config.metricsPerMinute, fetch });
  return new OnlineTracker({ client, apiKey, place, names, output });
}
