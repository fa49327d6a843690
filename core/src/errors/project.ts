import { define } from './define-error.ts';

/** Not `searched`: the variable names that folder, and no other will do. */
export const NoProject = define('NO_PROJECT', (p: { from: string; searched: boolean }) =>
  p.searched
    ? [`no Mortise project in ${p.from} or any folder above it`, 'Run "mortise init" in the folder of your project.']
    : [
        `no Mortise project in ${p.from}, which the variable MORTISE_PROJECT names`,
        'Set it to the folder that has .mortise in it, or unset it.',
      ],
);
export const FolderNotWritable = define('FOLDER_NOT_WRITABLE', (p: { folder: string; reason: string }) => [
  `cannot write to ${p.folder} (${p.reason})`,
  'Give your user write permission there, or choose another folder.',
]);
export const StoreCorrupt = define('STORE_CORRUPT', (p: { path: string; reason: string }) => [
  `the store ${p.path} cannot be read: ${p.reason}`,
  'Restore it from a backup, or move it aside and run "mortise init" to begin a new one.',
]);
export const NodeTooOld = define('NODE_TOO_OLD', (p: { version: string }) => [
  `Mortise needs Node 22.18 or newer, and this is ${p.version.replace(/^v/, '')}`,
  'Install a newer Node from https://nodejs.org.',
]);
export const StoreMissing = define('STORE_MISSING', (p: { path: string }) => [
  `there is no store ${p.path}`,
  'Run "mortise init" to make one, or restore it from a backup.',
]);
/** SQLite has to write to such a store before anybody can read it. */
export const StoreLeftOpen = define('STORE_LEFT_OPEN', (p: { path: string; folder: string }) => [
  `the store ${p.path} cannot be read without writing to ${p.folder}, which you may not: the process that wrote it last died without closing it`,
  'Run "mortise status" there as the user who owns it, or copy the project to a folder of your own.',
]);
export const StoreTooNew = define('STORE_TOO_NEW', (p: { path: string; version: number; supported: number }) => [
  `the store ${p.path} was written by a newer Mortise (schema ${p.version}, this one knows ${p.supported})`,
  'Update Mortise in this project.',
]);
export const StoreBusy = define('STORE_BUSY', (p: { path: string; seconds: number }) => [
  `the store ${p.path} was locked by other processes for ${p.seconds} s`,
  'Try again; if it stays so, look for a process that hangs in this project.',
]);
export const StoreUrlUnsupported = define('STORE_URL_UNSUPPORTED', (p: { url: string }) => [
  `MORTISE_STORE_URL "${p.url}" is not supported`,
  'Use sqlite:<path>.',
]);
export const StoreWriteFailed = define('STORE_WRITE_FAILED', (p: { path: string; reason: string }) => [
  `cannot write to the store ${p.path}: ${p.reason}`,
  'Check free space and permissions.',
]);
export const StoreOnNetwork = define('STORE_ON_NETWORK', (p: { path: string; fileSystem: string }) => [
  `the store ${p.path} would lie on a network file system (${p.fileSystem}), where SQLite's write-ahead log does not work`,
  'Put it on a local disk: set MORTISE_STORE_URL=sqlite:/local/folder/store.db and run "mortise init" again.',
]);
export const BadProjectConfig = define('BAD_PROJECT_CONFIG', (p: { path: string; reason: string }) => [
  `${p.path} cannot be read: ${p.reason}`,
  'Mend the file, or delete it and run "mortise stack set NAME".',
]);
