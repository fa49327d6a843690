import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const NAME = '.comet.config';

/** Comet's settings by the names of their variables: those of the environment, and for the others what the first of Comet's files says that says something. */
export async function cometVariables(
  env: Record<string, string | undefined>,
  projectRoot: string,
): Promise<Readonly<Record<string, string>>> {
  const given = env['COMET_CONFIG'];
  const places = [
    ...(given === undefined || given === '' ? [] : [await fileOf(resolve(projectRoot, given))]),
    join(projectRoot, NAME),
    join(env['HOME'] || homedir(), NAME),
  ];
  const files = await Promise.all(places.map((place) => readFile(place, 'utf8').catch(() => '')));
  const told = Object.entries(env).filter((entry): entry is [string, string] => entry[0].startsWith('COMET_') && !!entry[1]);
  return Object.assign({}, ...files.map(variablesOf).reverse(), Object.fromEntries(told)) as Record<string, string>;
}

async function fileOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? join(path, NAME) : path;
}

/** Of an INI file: `workspace` of the section `[comet]` is COMET_WORKSPACE, `online` of `[comet_start]` is COMET_START_ONLINE. Empty ones say nothing. */
export function variablesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  let section = '';
  for (const line of text.split(/\r?\n/).map((part) => part.trim())) {
    section = /^\[(.*)\]$/.exec(line)?.[1]?.trim() ?? section;
    const [, key, value] = /^([^[#;=:][^=:]*)[=:](.*)$/.exec(line) ?? [];
    const word = value?.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (key !== undefined && word) found[`${section}_${key.trim()}`.toUpperCase()] = word;
  }
  return found;
}
