import { text } from 'node:stream/consumers';

import { END } from '../run/run-end.ts';
import { OWN_PREFIX } from '../run/names.ts';
import { textOf } from '../text-of.ts';
import { lines } from './lines.ts';
import { modernMessage } from './modern-message.ts';
import { parsePythonJson } from './python-json.ts';
import { ZipReader } from './zip-reader.ts';

/** What `experiment.json` of an archive says. Times are ms UTC. */
export interface ArchiveMeta {
  path: string;
  /** The experiment's key. */
  key: string;
  project: string;
  startedAt: number;
  endedAt: number;
  tags: string[];
  /** Of a failure that was reported. */
  error: string | undefined;
  /** The same of another archive: that is a copy. */
  checksum: string;
}

const NEEDED = ['experiment.json', 'messages.json'];
/** Of `experiment.json`, which is read whole, bytes. Its largest part is the text of an error. */
const LARGEST_META = 16_000_000;

/** One line of `messages.json`. */
export interface ArchiveMessage {
  type: string;
  payload: Record<string, unknown>;
}

/** Throws an error that says in a few words what is wrong with the archive. */
export async function archiveMeta(path: string): Promise<ArchiveMeta> {
  await using zip = await ZipReader.open(path);
  for (const name of NEEDED) if (!zip.has(name)) throw new Error(`it has no ${name}`);
  const size = zip.size('experiment.json');
  if (size > LARGEST_META) throw new Error(`its experiment.json has ${size.toLocaleString('en')} bytes, and would be of no experiment`);
  const meta = metaIn(await text(zip.stream('experiment.json')));
  const { offline_id: key, project_name: project, start_time: start, stop_time: stop, tags, customer_error_reported: failed } = meta;
  if (typeof start !== 'number' || typeof stop !== 'number') throw new Error('its experiment.json has no times');
  return {
    ...{ path, key: typeof key === 'string' ? key : nameOf(path), project: typeof project === 'string' ? project : 'general' },
    ...{ startedAt: start, endedAt: stop, tags: Array.isArray(tags) ? tags.map(String) : [] },
    error: failed === true ? textOf(meta['customer_error_message'] ?? 'an error was reported') : undefined,
    checksum: NEEDED.map((name) => zip.checksum(name)).join(' '),
  };
}

function metaIn(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch (cause) {
    throw new Error('its experiment.json is no JSON', { cause });
  }
}

/** Archives are called after their experiment. */
function nameOf(path: string): string {
  return /([^/\\]+?)(-[^-]*)?\.zip$/.exec(path)?.[1] ?? path;
}

/** The messages of an archive in their order. A line that is none is told to `odd`, by its number. */
export async function* archiveMessages(path: string, odd: (line: number) => void): AsyncGenerator<ArchiveMessage, void, undefined> {
  await using zip = await ZipReader.open(path);
  let number = 0;
  for await (const line of lines(zip.stream('messages.json'))) {
    number++;
    const message = parsed(line);
    if (message === undefined) odd(number);
    else yield message;
  }
}

/** Names of all files of an archive. */
export async function archiveFiles(path: string): Promise<ReadonlySet<string>> {
  await using zip = await ZipReader.open(path);
  return zip.names();
}

function parsed(line: string): ArchiveMessage | undefined {
  try {
    const { type, payload } = parsePythonJson(line) as Partial<ArchiveMessage>;
    return typeof type === 'string' && typeof payload === 'object' && payload !== null ? modernMessage({ type, payload }) : undefined;
  } catch {
    return undefined;
  }
}

/** What the others of an experiment say of it. */
export interface ArchiveNames {
  name: string | undefined;
  group: string | undefined;
  user: string | undefined;
  /** How it ended, in our words: an archive of ours. */
  status: string | undefined;
}

export async function archiveNames(paths: readonly string[]): Promise<ArchiveNames> {
  const others = new Map<string, string>();
  for (const path of paths) {
    await using zip = await ZipReader.open(path);
    for await (const line of lines(zip.stream('messages.json'))) {
      if (!line.includes('"log_other"')) continue;
      const message = parsed(line);
      if (message?.type === 'log_other') others.set(textOf(message.payload['key']), textOf(message.payload['value']));
    }
  }
  const own = (name: string): string | undefined => others.get(`${OWN_PREFIX}${name}`) || undefined;
  return { name: others.get('Name'), group: own('group'), user: own('user'), status: statusOf(others.get(END)) };
}

function statusOf(mark: string | undefined): string | undefined {
  return /^\["(\w+)"/.exec(mark ?? '')?.[1];
}
