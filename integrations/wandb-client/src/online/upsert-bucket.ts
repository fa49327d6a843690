import type { Connection } from '../http/connection.ts';
import { graphql } from '../http/graphql.ts';
import { toValueJson } from '../value-json.ts';
import { UPSERT_BUCKET } from './operations.ts';
import type { VendorConfig } from './vendor-config.ts';

/** What the server says of the run that it made or found. */
export interface Bucket {
  id: string;
  name: string;
  displayName: string;
  project: { name: string; entity: { name: string } };
}

/** What is told of a run. The server leaves alone what is not. */
export interface BucketUpdate {
  /** The server's own id, when it is taken up again. */
  storageId?: string | undefined;
  entity?: string | undefined;
  project?: string | undefined;
  /** The run's id. */
  id: string;
  displayName?: string | undefined;
  group?: string | undefined;
  jobType?: string | undefined;
  notes?: string | undefined;
  tags?: readonly string[] | undefined;
  host?: string | undefined;
  program?: string | undefined;
  /** Whole, and in plain values. */
  config: Readonly<Record<string, unknown>>;
  vendor: VendorConfig;
}

export async function upsertBucket(connection: Connection, update: BucketUpdate, signal: AbortSignal | undefined): Promise<Bucket> {
  const { storageId, id, group, config, vendor, ...others } = update;
  const { entity, project, displayName, jobType, notes, tags, host, program } = others;
  const told = { id: storageId, name: id, entity, project, displayName, groupName: group, jobType, notes, tags, host, program };
  const nothing = { commit: null, repo: null };
  const variables = Object.fromEntries(Object.entries(told).map(([name, value]) => [name, value ?? null]));
  const answer = await graphql<{ upsertBucket: { bucket: Bucket } }>(
    connection,
    UPSERT_BUCKET,
    { ...nothing, ...variables, config: wrapped(config, vendor) },
    signal,
  );
  return answer.upsertBucket.bucket;
}

function wrapped(config: Readonly<Record<string, unknown>>, vendor: VendorConfig): string {
  const all = { ...config, _wandb: vendor };
  return toValueJson(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { value: value ?? null }])), 'null');
}
