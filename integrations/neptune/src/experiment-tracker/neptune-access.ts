import { resolve } from 'node:path';

import { Permanent } from '@mortise/core';

import { tokenAddress } from './api-token.ts';
import { isHostedService, SERVICE_ENDED } from './hosted-service.ts';
import { neptuneEnvironment } from './neptune-environment.ts';
import type { NeptuneTrackerConfig } from './neptune-tracker-config.ts';
import { isProjectName, PROJECT_RULE } from './project-name.ts';

/** Where runs go, how we are let in, and whether what they print is kept. */
export type NeptuneAccess = { project: string; timeoutMs: number; output: boolean } & (
  { mode: 'offline'; directory: string } | { mode: 'online'; server: string; apiToken: string }
);

/**
 * What the config says, and Neptune's variables where it says nothing.
 * @throws Permanent when that is not enough, or names the service that ended
 */
export function neptuneAccess(config: Partial<NeptuneTrackerConfig>, projectRoot: string): NeptuneAccess {
  const environment = neptuneEnvironment();
  const project = config.project ?? environment.project;
  if (project === undefined)
    throw new Permanent('it is not known of which project its runs are: set project in its config, or the variable NEPTUNE_PROJECT');
  if (!isProjectName(project)) throw new Permanent(`the project of Neptune ${PROJECT_RULE}`);
  const place = { project, timeoutMs: config.timeoutMs ?? 60_000, output: config.enableConsoleLogCapture ?? true };
  if (config.mode === undefined && environment.otherMode !== undefined)
    throw new Permanent(
      `NEPTUNE_MODE is ${JSON.stringify(environment.otherMode)}, which does not say where runs go: set it to async or offline, or mode in the config; a stack without the tracker sends nothing`,
    );
  if ((config.mode ?? environment.mode ?? 'offline') === 'offline') return { ...place, mode: 'offline', directory: directoryOf() };
  const apiToken = config.apiToken ?? environment.apiToken;
  if (apiToken === undefined) throw new Permanent('it has no API token: set apiToken in its config, or the variable NEPTUNE_API_TOKEN');
  const address = tokenAddress(apiToken);
  if (address === undefined) throw new Permanent('its API token is none: it must be base64 of JSON with api_address or api_url');
  if (isHostedService(address.server) && config.allowClosedService !== true) throw new Permanent(`its API token ${SERVICE_ENDED}`);
  return { ...place, mode: 'online', server: address.server, apiToken: apiToken.trim() };

  function directoryOf(): string {
    if (config.offlineDirectory !== undefined) return resolve(projectRoot, config.offlineDirectory);
    // As the Python client reads it.
    return environment.offlineDirectory === undefined ? resolve(projectRoot, '.neptune') : resolve(environment.offlineDirectory);
  }
}
