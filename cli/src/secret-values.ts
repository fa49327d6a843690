import { createReadStream } from 'node:fs';
import { boundedBytes, TOO_MANY_BYTES } from './bounded-bytes.ts';
import type { Core } from './project-core.ts';

/** Where the values of keys come from, as the command line has it. */
export interface SecretSources {
  fromEnv?: string[];
  fromFile?: string[];
}

/** Values by key: from variables and files, and of the other keys from a hidden prompt, or from stdin. Throws `BadUsage`, `FileNotFound`. */
export async function secretValues(
  keys: readonly string[],
  { fromEnv = [], fromFile = [] }: SecretSources,
  core: Core,
): Promise<Record<string, string>> {
  const values: [string, string][] = [];
  for (const key of keys) refuseValue(key, core);
  for (const pair of fromEnv) values.push(fromVariable(pair, core));
  for (const pair of fromFile) values.push(await fromPath(pair, core));
  const all = [...values.map(([key]) => key), ...keys];
  const twice = all.find((key, index) => all.indexOf(key) !== index);
  if (twice !== undefined) throw new core.BadUsage({ what: `the key "${twice}" is named twice` });
  if (keys.length > 0) values.push(...(process.stdin.isTTY ? await asked(keys, core) : await fromStdin(keys, core)));
  return Object.fromEntries(values);
}

/** The value stands in the shell's history already, but nowhere else: it is not repeated. */
function refuseValue(key: string, { BadUsage }: Core): void {
  const at = key.indexOf('=');
  if (at < 0) return;
  throw new BadUsage({
    what: `the value of "${key.slice(0, at)}" was given on the command line, where other users and the history of the shell see it`,
    advice: `Name the key alone: you are asked for its value.`,
  });
}

function fromVariable(pair: string, { BadUsage }: Core): [string, string] {
  const [key, variable] = splitPair(pair) ?? [pair, pair];
  const value = process.env[variable];
  if (value === undefined || value === '')
    throw new BadUsage({ what: `the variable ${variable} is ${value === '' ? 'empty' : 'not set'}` });
  return [key, value];
}

async function fromPath(pair: string, core: Core): Promise<[string, string]> {
  const split = splitPair(pair);
  if (split === undefined) throw new core.BadUsage({ what: `--from-file ${pair} names no key`, advice: 'Write --from-file KEY=PATH.' });
  const [key, path] = split;
  const bytes = await boundedBytes(createReadStream(path)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new core.FileNotFound({ file: path }, { cause });
    throw new core.BadUsage({ what: `${path} cannot be read (${cause.code})` }, { cause });
  });
  return [key, withoutLastBreak(textOf(bytes, path, core))];
}

function splitPair(pair: string): [string, string] | undefined {
  const at = pair.indexOf('=');
  return at < 1 || at === pair.length - 1 ? undefined : [pair.slice(0, at), pair.slice(at + 1)];
}

async function asked(keys: readonly string[], { BadUsage }: Core): Promise<[string, string][]> {
  const { read } = await import('read');
  const values: [string, string][] = [];
  for (const key of keys) {
    const value = await untilGivenUp(read({ prompt: `${key}:`, silent: true, output: process.stderr })).catch(() => '');
    process.stderr.write('\n');
    if (value === '') throw new BadUsage({ what: `no value was given for "${key}": nothing was stored` });
    values.push([key, value]);
  }
  return values;
}

/** The end of the input (Ctrl+D) leaves a prompt without an answer, and the process with nothing to wait for. */
async function untilGivenUp<T>(answer: Promise<T>): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(new Error('the input ended'));
  process.once('beforeExit', end);
  try {
    return await Promise.race([answer, ended.promise]);
  } finally {
    process.off('beforeExit', end);
  }
}

/** One key: all of it, whatever lines it has. Several: a line each, in their order. */
async function fromStdin(keys: readonly string[], core: Core): Promise<[string, string][]> {
  const text = withoutLastBreak(textOf(await boundedBytes(process.stdin), 'stdin', core));
  const values = keys.length === 1 ? [text] : text.split(/\r?\n/);
  if (values.length !== keys.length || values.includes(''))
    throw new core.BadUsage({
      what: `stdin has ${text === '' ? 'no value' : `${values.filter((value) => value !== '').length} values`} for ${keys.join(', ')}`,
      advice:
        keys.length === 1
          ? 'Pipe the value in, or run this in a terminal to be asked for it.'
          : 'Give one line for each key, in their order.',
    });
  return keys.map((key, index) => [key, values[index]!]);
}

function textOf(bytes: Uint8Array | undefined, place: string, { BadUsage }: Core): string {
  if (bytes === undefined) throw new BadUsage({ what: `${place} is no value of a secret: ${TOO_MANY_BYTES}` });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BadUsage({ what: `${place} is no text`, advice: 'Encode it in base64 first.' }, { cause });
  }
}

/** Editors and `echo` end a file with one. */
function withoutLastBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}
