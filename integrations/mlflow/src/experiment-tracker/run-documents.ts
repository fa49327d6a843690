import type { TrackerEvent } from '@mortise/core';

import { figurePage } from './figure-page.ts';
import { halfCharacterRefusal } from './half-character.ts';
import { jsonList } from './json-list.ts';

/** Rows of a table, `{ columns, data }`: as MLflow's own `log_table` writes them. */
const TABLE_MIME = 'application/vnd.mortise.table+json';

/** MLflow's tag for files that its pages show as tables. */
export const TABLES_TAG = 'mlflow.loggedArtifacts';

/** A file that MLflow shows of something that was logged as JSON. */
export interface DocumentFile {
  path: string;
  bytes: Uint8Array;
}

/** `NAME.json`, and of a figure `NAME.html` beside it: MLflow's pages draw no figures of JSON, but show HTML. */
export function documentFiles({ name, mime, value }: TrackerEvent & { kind: 'json' }): DocumentFile[] {
  const stem = name.replace(/\.json$/, '');
  const json = JSON.stringify(value, undefined, mime === TABLE_MIME ? undefined : 2);
  const page = figurePage(stem, mime, value);
  const texts = [[`${stem}.json`, json], ...(page === undefined ? [] : [[`${stem}.html`, page]])];
  return texts.map(([path, text]) => ({ path: path!, bytes: new TextEncoder().encode(text) }));
}

export function isTable({ mime }: { mime: string }): boolean {
  return mime === TABLE_MIME;
}

/** The tag with one more table, unless it has it. */
export function withTable(tag: string | undefined, path: string): string {
  const files = jsonList(tag);
  const isThere = files.some((file) => typeof file === 'object' && file !== null && 'path' in file && file.path === path);
  return isThere ? tag! : JSON.stringify([...files, { path, type: 'table' }]);
}

/** Why a path is none for MLflow's artifacts, in words that follow it; undefined if it is one. */
export function pathRefusal(path: string): string | undefined {
  const half = halfCharacterRefusal(path);
  if (half !== undefined) return half;
  const isPath = path.split('/').every((segment) => !['', '.', '..'].includes(segment)) && !/[\\\p{Cc}]/u.test(path);
  return isPath ? undefined : 'is no path of an artifact: it takes names with "/" between them';
}
