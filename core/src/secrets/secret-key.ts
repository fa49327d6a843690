import { hash, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

import { FolderNotWritable, SecretKeyHomeless, SecretKeyInvalid, SecretKeyReadable } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { keepSecret } from './kept-secrets.ts';

/** The key that secrets are sealed with. */
export interface SecretKey {
  /** 32 bytes. */
  bytes: Buffer;
  /** Tells it from others, and nothing about it. */
  id: string;
  /** Where it was found, in words. */
  place: string;
}

const VARIABLE = 'MORTISE_SECRET_KEY';

/** The file with the key of this user, for all of their projects; undefined for a user who has no folder of their own. */
function secretKeyFile(): string | undefined {
  const configured = process.env['XDG_CONFIG_HOME'];
  const folder = configured !== undefined && isAbsolute(configured) ? configured : configInHome();
  return folder === undefined ? undefined : join(folder, 'mortise', 'secret.key');
}

/** A container may run as a user that its system does not know. A HOME that is empty or relative would give each working directory a key of its own. */
function configInHome(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? join(home, '.config') : undefined;
  } catch {
    return undefined;
  }
}

/** Where a key is looked for, in words. */
export function whereKeysAre(): string {
  const file = secretKeyFile();
  return `${VARIABLE} is not set and ${file === undefined ? 'this user has no home folder' : `there is no file ${file}`}`;
}

/**
 * The key of the environment, else that of the file; undefined when there is none.
 * @throws SecretKeyInvalid, SecretKeyReadable
 */
export function findSecretKey(): SecretKey | undefined {
  const given = process.env[VARIABLE];
  if (given !== undefined && given !== '') return parseKey(given, VARIABLE);
  const path = secretKeyFile();
  const text = path === undefined ? undefined : readKeyFile(path);
  return text === undefined ? undefined : parseKey(text, path!);
}

/**
 * As `findSecretKey`; where there is none, one is made in the user's file.
 * @throws SecretKeyInvalid, SecretKeyReadable, SecretKeyHomeless, FolderNotWritable
 */
export function findOrMakeSecretKey(): SecretKey {
  const found = findSecretKey();
  if (found !== undefined) return found;
  const path = secretKeyFile();
  if (path === undefined) throw new SecretKeyHomeless({ where: whereKeysAre() });
  return makeKeyFile(path);
}

function makeKeyFile(path: string): SecretKey {
  const folder = dirname(path);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    makeFolder(folder, 0o700);
    try {
      writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true });
      chmodSync(draft, 0o600);
      // Appears whole or not at all, and never in place of one that another process made meanwhile.
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  } catch (cause) {
    throw new FolderNotWritable({ folder, reason: (cause as NodeJS.ErrnoException).code ?? String(cause) }, { cause });
  }
  return findSecretKey()!;
}

function readKeyFile(path: string): string | undefined {
  try {
    // Windows has no such modes.
    const mode = process.platform === 'win32' ? 0 : statSync(path).mode;
    if ((mode & 0o077) !== 0) throw new SecretKeyReadable({ path, mode: (mode & 0o777).toString(8).padStart(4, '0') });
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR')
      throw new SecretKeyInvalid({ place: path, reason: `it cannot be read (${code})` });
    throw error;
  }
}

function parseKey(text: string, place: string): SecretKey {
  const trimmed = text.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)
      ? Buffer.from(trimmed, 'base64')
      : undefined;
  if (bytes?.length !== 32) throw new SecretKeyInvalid({ place, reason: 'it is not 32 bytes in base64 or hex' });
  keepSecret(trimmed);
  return { bytes, id: hash('sha256', Buffer.concat([Buffer.from('mortise secret key\0'), bytes])).slice(0, 16), place };
}
