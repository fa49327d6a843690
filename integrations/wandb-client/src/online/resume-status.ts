import type { Connection } from '../http/connection.ts';
import { graphql } from '../http/graphql.ts';
import { fromValueJson } from '../value-json.ts';
import { WandbError } from '../wandb-error.ts';
import type { RunPlace } from '../wandb-urls.ts';
import { RUN_RESUME_STATUS } from './operations.ts';
import type { VendorConfig } from './vendor-config.ts';

/** What the server holds of a run, for who goes on with it. */
export interface ResumeStatus {
  /** The server's own id of it, which says that it is this one that is resumed. */
  storageId: string;
  displayName: string;
  /** Lines that each file of the stream has. */
  lines: { history: number; events: number; output: number };
  /** The `_step` of the last row; undefined without rows. */
  lastStep: number | undefined;
  /** Unwrapped. */
  config: Record<string, unknown>;
  vendor: VendorConfig;
  summary: Record<string, unknown>;
  tags: string[];
  notes: string;
  /** False when no client has begun it: the vendor's own takes it for none then. */
  begun: boolean;
}

interface Bucket {
  id: string;
  displayName: string | null;
  summaryMetrics: string | null;
  historyLineCount: number | null;
  eventsLineCount: number | null;
  logLineCount: number | null;
  historyTail: string | null;
  config: string | null;
  tags: string[] | null;
  notes: string | null;
  wandbConfig: string | null;
}

/** Asks what there is of a run; undefined when there is none. */
export async function resumeStatus(
  connection: Connection,
  { entity, project, id }: RunPlace,
  signal?: AbortSignal,
): Promise<ResumeStatus | undefined> {
  const { model } = await graphql<{ model: { bucket: Bucket | null } | null }>(
    connection,
    RUN_RESUME_STATUS,
    { entity, project, name: id },
    signal,
  );
  const bucket = model?.bucket ?? undefined;
  if (bucket === undefined) return undefined;
  try {
    return statusOf(bucket, id);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new WandbError('protocol', `${connection.server} answered RunResumeStatus with what is no state of a run (200)`, {
      status: 200,
      cause,
    });
  }
}

function statusOf(bucket: Bucket, id: string): ResumeStatus {
  const config = Object.entries(objectOf(bucket.config)).map(([name, wrapped]) => [name, (wrapped as { value?: unknown } | null)?.value]);
  const { _wandb: vendor, ...values } = Object.fromEntries(config) as Record<string, unknown>;
  const step = lastRowOf(bucket.historyTail)['_step'];
  return {
    storageId: bucket.id,
    displayName: bucket.displayName ?? id,
    lines: { history: bucket.historyLineCount ?? 0, events: bucket.eventsLineCount ?? 0, output: bucket.logLineCount ?? 0 },
    lastStep: typeof step === 'number' ? step : undefined,
    config: values,
    vendor: (vendor ?? {}) as VendorConfig,
    summary: objectOf(bucket.summaryMetrics),
    tags: bucket.tags ?? [],
    notes: bucket.notes ?? '',
    begun: 't' in objectOf(bucket.wandbConfig),
  };
}

/** A list of lines, of which each is JSON again. */
function lastRowOf(tail: string | null): Record<string, unknown> {
  const lines: unknown = JSON.parse(tail ?? '[]');
  const last: unknown = Array.isArray(lines) ? lines.at(-1) : undefined;
  return typeof last === 'string' ? objectOf(last) : {};
}

function objectOf(text: string | null): Record<string, unknown> {
  const value = text === null || text === '' ? {} : fromValueJson(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
