import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { isCode } from './error-code.ts';
import { makeFolder } from './make-folder.ts';
import { PRODUCER, producerOf } from './producer.ts';

/** Where an offline run keeps what; all paths are absolute if `dir` was. */
export interface RunFolder {
  /** `<dir>/wandb/offline-run-YYYYMMDD_HHMMSS-<id>`, of local time. */
  path: string;
  /** The transaction log: `run-<id>.wandb`. */
  log: string;
  /** Files of the run, by their paths. */
  files: string;
  /** Copies of the files of its artifacts, until they are synced. */
  staging: string;
  /** Logs of the run that were synced before it was gone on with, the first one first: what is added to them would bring all their rows a second time. */
  earlier: readonly string[];
}

/**
 * The folder of a run below `<dir>/wandb`: the latest that it has, or a new one, which is not made yet, if there is none or it was synced.
 * Throws errors of the file system.
 */
export async function findRunFolder(dir: string, id: string, startedAt: number): Promise<RunFolder> {
  const all = join(dir, 'wandb');
  const known = (await runFolders(all, id)).map((name) => join(all, name));
  const own = await ownFolders(known, id, folderAt(all, id, startedAt));
  const latest = own.at(-1);
  const isNew = latest === undefined || (await isSynced(logIn(latest, id)));
  const path = isNew ? newFolder(all, id, latest === undefined ? startedAt : Date.now(), known) : latest;
  const earlier = isNew ? own : own.slice(0, -1);
  return {
    ...{ path, log: logIn(path, id), files: join(path, 'files'), staging: join(path, 'artifacts') },
    earlier: earlier.map((folder) => logIn(folder, id)),
  };
}

/** Makes the folder, unless it is there, and has `wandb/latest-run` lead to it. Throws errors of the file system. */
export function makeRunFolder({ path, files }: RunFolder): void {
  makeFolder(files);
  linkLatest(path);
}

const logIn = (folder: string, id: string): string => join(folder, `run-${id}.wandb`);

/** By time, as their names are. */
async function runFolders(all: string, id: string): Promise<string[]> {
  try {
    return (await readdir(all)).filter((name) => FOLDER_NAME.exec(name)?.[1] === id).sort();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

const FOLDER_NAME = /^offline-run-\d{8}_\d{6}-(.+)$/;

/** `wandb sync` marks what it has sent. */
async function isSynced(log: string): Promise<boolean> {
  try {
    await access(`${log}.synced`);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Those that were written by this client: a program that joins a run leaves one of its own, which is nobody else's to go on with. The one that is named
 * after the run's start is taken for own as long as nothing is in it.
 */
async function ownFolders(known: readonly string[], id: string, first: string): Promise<string[]> {
  const own: string[] = [];
  for (const folder of known) {
    const producer = await producerOf(logIn(folder, id));
    if (producer === PRODUCER || (producer === undefined && folder === first)) own.push(folder);
  }
  return own;
}

/** Names count seconds: within the same one, a run's second folder is named after the next. */
function newFolder(all: string, id: string, at: number, known: readonly string[]): string {
  const path = folderAt(all, id, at);
  return known.includes(path) ? newFolder(all, id, at + 1_000, known) : path;
}

const folderAt = (all: string, id: string, at: number): string => join(all, `offline-run-${localTime(at)}-${id}`);

function localTime(at: number): string {
  const date = new Date(at);
  const pad = (part: number, length = 2): string => String(part).padStart(length, '0');
  const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())];
  return `${day.join('')}_${[date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join('')}`;
}

/** A convenience: where links are not to be had, there is none. */
function linkLatest(path: string): void {
  const link = join(dirname(path), 'latest-run');
  const made = `${link}.${basename(path)}`;
  try {
    rmSync(made, { force: true });
    symlinkSync(basename(path), made, 'dir');
    renameSync(made, link);
  } catch (error) {
    if (!isCode(error, 'EPERM', 'ENOTSUP', 'EISDIR', 'EEXIST')) throw error;
    rmSync(made, { force: true });
  }
}
