import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { Permanent } from '@mortise/core';
import { isMlflowError, MlflowClient, mlflowEnvironment, type MlflowClientOptions } from '@mortise/mlflow-client';

import { CONFIG_KEYS, inNamesOf, VARIABLES, type OptionNames } from './option-names.ts';
import type { TrackingServerConfig } from './tracking-server-config.ts';
import { isTrackingUri, TRACKING_URI_RULE } from './tracking-uri.ts';

/** An MLflow server, for a client in this process and for programs that it starts. */
export interface TrackingServer {
  client: MlflowClient;
  /** MLflow's own variables for it, also those that let no one in: a program that inherits another server's does not send them to this one. */
  env: Record<string, string>;
}

/**
 * The server of a config; without a `trackingUri` that of MLflow's own variables. Never a mix of both: a password for one server is not sent to another.
 * @throws Permanent when what is given cannot be, in the words of the config or of the variables
 */
export async function trackingServer(
  config: Partial<TrackingServerConfig>,
  { projectRoot, fetch: http }: { projectRoot: string; fetch: typeof fetch },
): Promise<TrackingServer> {
  const { names, trackingUri, username, password, token, insecureTls, caPath, others } =
    config.trackingUri === undefined ? ofEnvironment() : ofConfig(config, projectRoot);
  if (trackingUri === undefined)
    throw new Permanent(
      'it is not known where the MLflow server is: set trackingUri in the config of the component, or the variable MLFLOW_TRACKING_URI',
    );
  if (!isTrackingUri(trackingUri)) throw new Permanent(`${names.trackingUri} ${TRACKING_URI_RULE}`);
  const options = {
    trackingUri,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(token !== undefined && { token }),
    ...(insecureTls && { insecureTls }),
    ...(caPath !== undefined && { ca: await authorities(caPath, names.ca) }),
    // What trusts other certificates than Node does is not fetch.
    ...(!insecureTls && caPath === undefined && { fetch: http }),
    ...(config.timeoutMs !== undefined && { timeoutMs: config.timeoutMs }),
  };
  const client = clientOf(options, names);
  const env = {
    ...LETS_NOBODY_IN,
    // An inherited registry of another server would get the models, and the password for this one.
    MLFLOW_REGISTRY_URI: client.trackingUri,
    ...others,
    MLFLOW_TRACKING_URI: client.trackingUri,
    ...(username !== undefined && { MLFLOW_TRACKING_USERNAME: username }),
    ...(password !== undefined && { MLFLOW_TRACKING_PASSWORD: password }),
    ...(token !== undefined && { MLFLOW_TRACKING_TOKEN: token }),
    ...(insecureTls && { MLFLOW_TRACKING_INSECURE_TLS: 'true' }),
    ...(caPath !== undefined && { MLFLOW_TRACKING_SERVER_CERT_PATH: caPath }),
  };
  return { client, env };
}

/** By what else MLflow's own client is let in somewhere, and where its models go; there is nothing in the config for it. */
const NOT_OURS = ['MLFLOW_TRACKING_AUTH', 'MLFLOW_TRACKING_AWS_SIGV4', 'MLFLOW_TRACKING_CLIENT_CERT_PATH', 'MLFLOW_REGISTRY_URI'];

/**
 * MLflow's variables as if they were not set; of those for yes and no it takes no empty ones. `MLFLOW_TRACKING_SERVER_CERT_PATH` is left out: when it is
 * empty, MLflow's Python client takes any certificate.
 */
const LETS_NOBODY_IN = {
  MLFLOW_TRACKING_USERNAME: '',
  MLFLOW_TRACKING_PASSWORD: '',
  MLFLOW_TRACKING_TOKEN: '',
  MLFLOW_TRACKING_AUTH: '',
  MLFLOW_TRACKING_CLIENT_CERT_PATH: '',
  MLFLOW_TRACKING_AWS_SIGV4: 'false',
  MLFLOW_TRACKING_INSECURE_TLS: 'false',
};

interface Access {
  names: OptionNames;
  trackingUri: string | undefined;
  username: string | undefined;
  password: string | undefined;
  token: string | undefined;
  insecureTls: boolean;
  /** Absolute. */
  caPath: string | undefined;
  /** Variables that belong to it, for other clients than ours. */
  others: Record<string, string>;
}

function ofConfig(config: Partial<TrackingServerConfig>, projectRoot: string): Access {
  const { trackingCaFile } = config;
  return {
    names: CONFIG_KEYS,
    trackingUri: config.trackingUri,
    username: config.trackingUsername,
    password: config.trackingPassword,
    token: config.trackingToken,
    insecureTls: config.trackingInsecureTls === true,
    caPath: trackingCaFile === undefined ? undefined : resolve(projectRoot, trackingCaFile),
    others: {},
  };
}

/** The file of authorities is read by us, so that both ways fail alike. */
function ofEnvironment(): Access {
  const path = process.env[VARIABLES.ca] || undefined;
  const { trackingUri, username, password, token, insecureTls = false } = ofVariables({ ...process.env, [VARIABLES.ca]: '' });
  return {
    names: VARIABLES,
    ...{ trackingUri, username, password, token, insecureTls },
    caPath: path === undefined ? undefined : resolve(path),
    others: Object.fromEntries(NOT_OURS.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  };
}

function ofVariables(env: NodeJS.ProcessEnv): Partial<MlflowClientOptions> {
  try {
    return mlflowEnvironment(env);
  } catch (error) {
    if (!isMlflowError(error)) throw error;
    throw new Permanent(error.message, { cause: error });
  }
}

function clientOf(options: MlflowClientOptions, names: OptionNames): MlflowClient {
  try {
    return new MlflowClient(options);
  } catch (error) {
    if (!isMlflowError(error)) throw error;
    throw new Permanent(inNamesOf(names, error.message), { cause: error });
  }
}

async function authorities(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Permanent(`the certificate authorities of ${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
