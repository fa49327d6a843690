import { resolve } from 'node:path';

import { Permanent } from '@mortise/core';

import { baseUrlOf } from './api-key.ts';
import { cometVariables } from './comet-config-file.ts';
import type { CometTrackerConfig } from './comet-tracker-config.ts';

const CLOUD = 'https://www.comet.com';
/** Where Comet's own client puts archives. */
const ARCHIVES = '.cometml-runs';
const TIMEOUT_MS = 30_000;

/** What is configured, all places asked. */
export interface CometEnvironment {
  apiKey: string | undefined;
  workspace: string | undefined;
  projectName: string | undefined;
  /** Scheme, host and port. */
  root: string;
  mode: 'online' | 'offline';
  /** Absolute. */
  offlineDirectory: string;
  timeoutMs: number;
  names: ToldNames;
  /** Whether what runs print is kept. */
  output: boolean;
}

/** What the environment calls runs. */
export interface ToldNames {
  /** Of the run of a pipeline. */
  experimentName: string | undefined;
  /** Comet's tags, of every run. */
  labels: readonly string[];
}

export interface Surroundings {
  env: Record<string, string | undefined>;
  projectRoot: string;
}

/**
 * The config first, then COMET_ variables, then `.comet.config`: as Comet's Python client has it.
 * @throws Permanent where a variable says what it cannot
 */
export async function cometEnvironment(config: Partial<CometTrackerConfig>, { env, projectRoot }: Surroundings): Promise<CometEnvironment> {
  const told = await cometVariables(env, projectRoot);
  const apiKey = config.apiKey ?? told['COMET_API_KEY'];
  const address = config.urlOverride ?? told['COMET_URL_OVERRIDE'] ?? (apiKey && baseUrlOf(apiKey)) ?? CLOUD;
  const isOnline = yesOrNo(told, 'COMET_START_ONLINE') ?? yesOrNo(told, 'COMET_OFFLINE') !== true;
  return {
    apiKey,
    workspace: config.workspace ?? told['COMET_WORKSPACE'],
    projectName: config.projectName ?? told['COMET_PROJECT_NAME'],
    root: URL.canParse(address) ? new URL(address).origin : address,
    mode: config.mode ?? (isOnline ? 'online' : 'offline'),
    offlineDirectory: resolve(projectRoot, config.offlineDirectory ?? told['COMET_OFFLINE_DIRECTORY'] ?? ARCHIVES),
    timeoutMs: config.timeoutMs ?? milliseconds(told, 'COMET_TIMEOUT_HTTP') ?? TIMEOUT_MS,
    names: {
      experimentName: told['COMET_START_EXPERIMENT_NAME'] ?? told['COMET_EXPERIMENT_NAME'],
      labels: wordsOf(told['COMET_START_EXPERIMENT_TAGS']),
    },
    output: keepsOutput(env['COMET_AUTO_LOG_OUTPUT_LOGGER'] ?? told['COMET_AUTO_LOG_OUTPUT_LOGGER']),
  };
}

type Variables = Readonly<Record<string, string>>;

/** Comet's client keeps it unless the variable is there and empty; who turns it off may also write so. */
function keepsOutput(logger: string | undefined): boolean {
  return logger === undefined || !/^(|0|false|no|off|none)$/i.test(logger.trim());
}

function yesOrNo(told: Variables, name: string): boolean | undefined {
  const word = told[name]?.trim();
  if (word === undefined) return undefined;
  if (/^(1|true|yes|y|t|on)$/i.test(word)) return true;
  if (/^(0|false|no|n|f|off)$/i.test(word)) return false;
  throw new Permanent(`${name} is neither true nor false, but ${JSON.stringify(word)}: set one of the two`);
}

function milliseconds(told: Variables, name: string): number | undefined {
  const word = told[name];
  if (word === undefined) return undefined;
  const seconds = Number(word);
  if (!(seconds > 0 && seconds <= 3_600)) throw new Permanent(`${name} is no number of seconds up to 3,600, but ${JSON.stringify(word)}`);
  return Math.ceil(seconds * 1_000);
}

function wordsOf(text = ''): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
