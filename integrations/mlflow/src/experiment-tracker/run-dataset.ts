import { createHash } from 'node:crypto';

import type { TrackerEvent } from '@mortise/core';
import type { LoggedDataset } from '@mortise/mlflow-client';

import { halfCharacterRefusal } from './half-character.ts';

/** Most characters that MLflow takes. */
const LONGEST = { name: 500, digest: 36, source: 65_535, context: 500 };

/** Has the whole of a digest that is longer than MLflow's. */
export const DIGEST_TAG = 'mortise.digest';

export type DatasetEvent = TrackerEvent & { kind: 'dataset' };

/** By what MLflow tells datasets of an experiment apart. */
export function datasetKey({ name, digest }: Pick<LoggedDataset, 'name' | 'digest'>): string {
  return `${name}\n${digest}`;
}

/**
 * A dataset as an input of a run. MLflow wants a digest of at most 36 characters: without one it is made of what is known, of a longer one it is the
 * beginning, and the tag `mortise.digest` has the whole.
 */
export function runDataset({ name, digest, source, context }: DatasetEvent): LoggedDataset {
  const wanted = digest ?? derivedDigest([name, source ?? '', context ?? '']);
  return {
    name,
    digest: wanted.slice(0, LONGEST.digest).toWellFormed(),
    ...sourceOf(source),
    ...(context !== undefined && { context }),
    ...(wanted.length > LONGEST.digest && { tags: { [DIGEST_TAG]: wanted } }),
  };
}

/** Why MLflow could not keep a dataset as it is; undefined if it can. */
export function datasetRefusal({ name, digest = '', source = '', context = '' }: DatasetEvent): string | undefined {
  const lengths = { name, source, context };
  for (const [part, text] of Object.entries({ ...lengths, digest })) {
    const half = halfCharacterRefusal(text);
    if (half !== undefined) return `the ${part} of the dataset ${half}`;
  }
  for (const [part, text] of Object.entries(lengths)) {
    const limit = LONGEST[part as keyof typeof lengths] - (part === 'source' ? 20 : 0);
    if (text.length > limit) return `the ${part} of the dataset has ${text.length} characters, MLflow takes ${limit}`;
  }
  return digest.length > 500 ? `the digest of the dataset has ${digest.length} characters, MLflow takes 500` : undefined;
}

function derivedDigest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}

/** In the words of MLflow's own dataset sources, so that its Python client can load it. */
function sourceOf(source: string | undefined): Pick<LoggedDataset, 'sourceType' | 'source'> {
  if (source === undefined) return { sourceType: 'code', source: JSON.stringify({ tags: {} }) };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase() ?? 'file';
  if (scheme === 'http' || scheme === 'https') return { sourceType: 'http', source: JSON.stringify({ url: source }) };
  return { sourceType: scheme === 'file' ? 'local' : scheme, source: JSON.stringify({ uri: source }) };
}
