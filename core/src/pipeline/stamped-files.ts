import { hash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, relative } from 'node:path';

import { parseEditedJson } from '../parse-edited-json.ts';

/** What a file or folder looked like when it was read; a later look that finds the same has no need to read it again. */
export interface Stamp {
  size: number;
  mtimeMs: number;
  ctimeMs: number;
  ino: number;
  /** sha256 of a file's bytes, or of the names of a folder's modules; of a link the path, relative to its folder, that it leads to in the end. */
  digest: string;
  /** It is a symbolic link, or lies below one: all that counts is where it leads. */
  link?: true;
  /** It had changed so shortly before that another change may not have moved its times: compare the digest the next time. */
  recent?: true;
}

/** By absolute path; null: there was nothing. */
export type Stamps = Map<string, Stamp | null>;

const RECENT_MS = 2000;
const MODULE_NAME = /\.[cm]?[jt]sx?$/;

/** Reads files and folders and keeps a stamp of each, also of those that are missing. */
export class StampedFiles {
  readonly stamps: Stamps = new Map();
  readonly #parsed = new Map<string, unknown>();

  /** The bytes of a file; undefined if there is none. */
  read(path: string): Buffer | undefined {
    const now = Date.now();
    const stats = statOf(path);
    const bytes = stats?.isFile() ? readFileSync(path) : undefined;
    this.stamps.set(path, stats && bytes ? stampOf(stats, hash('sha256', bytes), now) : null);
    return bytes;
  }

  /** The contents of a JSON file, read once; undefined if there is none or if it is no JSON. */
  json(path: string): unknown {
    if (!this.#parsed.has(path)) this.#parsed.set(path, parse(this.read(path)));
    return this.#parsed.get(path);
  }

  /** True if there is something; if not, its appearing will be noticed. */
  exists(path: string): boolean {
    if (this.stamps.get(path) === null) return false;
    if (statOf(path)) return true;
    this.stamps.set(path, null);
    return false;
  }

  /** True if there is something; if symbolic links lead there, that they lead elsewhere will be noticed. */
  follow(path: string): boolean {
    const end = endOf(path);
    if (end !== undefined && end !== basename(path))
      this.stamps.set(path, { size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0, digest: end, link: true });
    return end !== undefined;
  }

  /** Another module in this folder (which may come before a known one when an import is resolved) will be noticed. */
  watchFolder(path: string): void {
    if (this.stamps.has(path)) return;
    const now = Date.now();
    const stats = statOf(path);
    this.stamps.set(path, stats ? stampOf(stats, moduleNames(path), now) : null);
  }
}

/**
 * Compares stamps with the disk: by times, size and inode; by contents only where these moved (a checkout, a copy) or cannot be trusted.
 * Stamps whose contents held are renewed in place, which makes the answer `renewed`.
 */
export function checkStamps(stamps: Stamps): 'same' | 'renewed' | 'changed' {
  let answer: 'same' | 'renewed' = 'same';
  for (const [path, stamp] of stamps) {
    if (stamp?.link) {
      if (endOf(path) !== stamp.digest) return 'changed';
      continue;
    }
    const now = Date.now();
    const stats = statOf(path);
    if (!stats || !stamp) {
      if (stats || stamp) return 'changed';
      continue;
    }
    const sameTimes =
      stats.size === stamp.size && stats.mtimeMs === stamp.mtimeMs && stats.ctimeMs === stamp.ctimeMs && stats.ino === stamp.ino;
    if (sameTimes && !stamp.recent) continue;
    const digest = digestOf(path, stats);
    if (digest === undefined || digest !== stamp.digest) return 'changed';
    const renewed = stampOf(stats, digest, now);
    if (sameTimes && renewed.recent) continue;
    stamps.set(path, renewed);
    answer = 'renewed';
  }
  return answer;
}

function stampOf(stats: Stats, digest: string, now: number): Stamp {
  const { size, mtimeMs, ctimeMs, ino } = stats;
  const recent = now - Math.max(mtimeMs, ctimeMs) < RECENT_MS;
  return { size, mtimeMs, ctimeMs, ino, digest, ...(recent ? { recent } : {}) };
}

/** Undefined if it went away meanwhile. */
function digestOf(path: string, stats: Stats): string | undefined {
  try {
    return stats.isDirectory() ? moduleNames(path) : hash('sha256', readFileSync(path));
  } catch {
    return undefined;
  }
}

function moduleNames(folder: string): string {
  return hash(
    'sha256',
    readdirSync(folder)
      .filter((name) => MODULE_NAME.test(name))
      .sort()
      .join('\n'),
  );
}

/** What cannot be looked at cannot be imported either: it counts as missing. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Seen from the folder of a path, where it leads. */
function endOf(path: string): string | undefined {
  try {
    return relative(dirname(path), realpathSync(path));
  } catch {
    return undefined;
  }
}

function parse(bytes: Buffer | undefined): unknown {
  try {
    return bytes && parseEditedJson(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
