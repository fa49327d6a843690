import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { netrcPassword } from './netrc.ts';

export type WandbMode = 'online' | 'offline' | 'disabled';

/** What the vendor's own variables say; those that are empty count as not set. */
export interface WandbEnvironment {
  apiKey?: string;
  baseUrl?: string;
  appUrl?: string;
  entity?: string;
  project?: string;
  mode?: WandbMode;
  dir?: string;
  group?: string;
  name?: string;
  notes?: string;
  tags?: string[];
  jobType?: string;
  host?: string;
  /** Nothing of the git repository is to be told. */
  withoutGit?: boolean;
  /** A file with an identity token, which nothing here takes. */
  identityTokenFile?: string;
  runId?: string;
  resume?: string;
  /** ms; the variable is in seconds. */
  timeoutMs?: number;
  insecureTls?: boolean;
  /** What a program prints is not to be kept. */
  console?: 'off';
}

/**
 * Reads `WANDB_API_KEY`, `_BASE_URL`, `_APP_URL`, `_ENTITY`, `_PROJECT`, `_MODE`, `_DIR`, `_RUN_GROUP`, `_NAME`, `_NOTES`, `_TAGS` (comma),
 * `_JOB_TYPE`, `_HOST`, `_DISABLE_GIT`, `_IDENTITY_TOKEN_FILE`, `_RUN_ID`, `_RESUME`, `_HTTP_TIMEOUT` (s), `_INSECURE_DISABLE_SSL` and `_CONSOLE`
 * (whether it is `off`). `dryrun` is an old word for offline.
 */
export function wandbEnvironment(env: NodeJS.ProcessEnv = process.env): WandbEnvironment {
  const variable = (name: string): string | undefined => env[`WANDB_${name}`] || undefined;
  const seconds = Number(variable('HTTP_TIMEOUT'));
  const said = {
    apiKey: variable('API_KEY'),
    baseUrl: variable('BASE_URL'),
    appUrl: variable('APP_URL'),
    entity: variable('ENTITY'),
    project: variable('PROJECT'),
    mode: modeOf(variable('MODE')),
    dir: variable('DIR'),
    group: variable('RUN_GROUP'),
    name: variable('NAME'),
    notes: variable('NOTES'),
    tags: variable('TAGS')
      ?.split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
    jobType: variable('JOB_TYPE'),
    host: variable('HOST'),
    withoutGit: isTrue(variable('DISABLE_GIT')) || undefined,
    identityTokenFile: variable('IDENTITY_TOKEN_FILE'),
    runId: variable('RUN_ID'),
    resume: variable('RESUME'),
    timeoutMs: seconds > 0 ? seconds * 1_000 : undefined,
    insecureTls: isTrue(variable('INSECURE_DISABLE_SSL')) || undefined,
    console: variable('CONSOLE') === 'off' ? ('off' as const) : undefined,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function isTrue(word = ''): boolean {
  return /^(true|1|yes|on)$/i.test(word);
}

function modeOf(word: string | undefined): WandbMode | undefined {
  if (word === 'dryrun') return 'offline';
  return word === 'online' || word === 'offline' || word === 'disabled' ? word : undefined;
}

/** The key that `wandb login` left for this server in `NETRC` or `~/.netrc`; undefined without one. */
export function netrcKey(baseUrl: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const path of [env['NETRC'], join(homedir(), '.netrc'), join(homedir(), '_netrc')]) {
    if (path === undefined || path === '') continue;
    try {
      // Older clients wrote the name alone, those of now write the port with it.
      const { host, hostname } = new URL(baseUrl);
      const key = netrcPassword(readFileSync(path, 'utf8'), [host, hostname]);
      if (key !== undefined) return key;
    } catch {
      // Not there, or not for us to read: as the vendor's client does, look further.
    }
  }
  return undefined;
}
