import { resolve } from 'node:path';

import { Permanent } from '@mortise/core';
import { DEFAULT_BASE_URL, isWandbError, netrcKey, WandbClient, wandbEnvironment, type WandbEnvironment } from '@mortise/wandb-client';

import { BASE_URL, BASE_URL_RULE } from './base-url.ts';
import type { WandbTrackerConfig } from './wandb-tracker-config.ts';

/** Where runs go, and what the vendor's own variables say beside. */
export interface WandbAccess {
  mode: 'online' | 'offline' | 'disabled';
  /** Of an online tracker. */
  client?: WandbClient;
  entity?: string;
  project?: string;
  /** Absolute; whose folder `wandb` takes offline runs. */
  dir: string;
  env: WandbEnvironment;
  /** The vendor's variables for a program that is to reach the same place. */
  childEnv: Record<string, string>;
}

/**
 * What the config says comes first, then the vendor's variables, then its netrc entry. Where the environment names a server, its key goes to no other:
 * a config with another `baseUrl` needs a key of its own, or one in netrc for that host.
 * @throws Permanent when an online tracker has no key, or what is given cannot be
 */
export function wandbAccess(
  config: Partial<WandbTrackerConfig>,
  { projectRoot, fetch: http }: { projectRoot: string; fetch: typeof fetch },
): WandbAccess {
  const env = wandbEnvironment();
  const mode = config.mode ?? env.mode ?? 'online';
  const [entity, project] = [config.entity ?? env.entity, config.project ?? env.project];
  const dir = resolve(projectRoot, config.dir ?? env.dir ?? '.');
  const said = { ...(entity !== undefined && { entity }), ...(project !== undefined && { project }) };
  const common = { mode, dir, env, ...said };
  if (mode !== 'online') return { ...common, childEnv: { WANDB_MODE: mode, WANDB_DIR: dir } };
  if (config.baseUrl === undefined && env.baseUrl !== undefined && !BASE_URL.test(env.baseUrl))
    throw new Permanent(`WANDB_BASE_URL ${BASE_URL_RULE}`);
  const baseUrl = (config.baseUrl ?? env.baseUrl ?? DEFAULT_BASE_URL).replace(/\/+$/, '');
  const sameServer = env.baseUrl === undefined || env.baseUrl.replace(/\/+$/, '') === baseUrl;
  const apiKey = config.apiKey ?? (sameServer ? env.apiKey : undefined) ?? netrcKey(baseUrl);
  const token = env.identityTokenFile === undefined ? '' : '; WANDB_IDENTITY_TOKEN_FILE is not taken';
  if (apiKey === undefined)
    throw new Permanent(
      `there is no API key for Weights & Biases at ${baseUrl}: set apiKey in the config of the component, WANDB_API_KEY, or log in there (wandb login)${token}`,
    );
  const [timeoutMs, appUrl] = [config.timeoutMs ?? env.timeoutMs, sameServer ? env.appUrl : undefined];
  const client = clientOf({
    ...{ apiKey, baseUrl },
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(appUrl !== undefined && { appUrl }),
    ...(env.insecureTls === true ? { insecureTls: true } : { fetch: http }),
  });
  return { ...common, client, childEnv: { WANDB_MODE: 'online', WANDB_BASE_URL: baseUrl, WANDB_API_KEY: apiKey } };
}

function clientOf(options: ConstructorParameters<typeof WandbClient>[0]): WandbClient {
  try {
    return new WandbClient(options);
  } catch (error) {
    if (!isWandbError(error)) throw error;
    throw new Permanent(error.message, { cause: error });
  }
}
