import { checkKnown } from '../check-known.ts';
import { checkTexts } from '../check-texts.ts';
import { BadOption } from '../errors.ts';
import { didYouMean } from '../errors/wording.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentQuery, RunQuery, SecretQuery, StackQuery, VersionQuery } from '../store/queries.ts';

interface Queries {
  listRuns: RunQuery;
  listArtifacts: VersionQuery;
  listStacks: StackQuery;
  listComponents: ComponentQuery;
  listSecrets: SecretQuery;
}

const FILTERS: { readonly [List in keyof Queries]: Readonly<Record<keyof Queries[List], true>> } = {
  listRuns: {
    ...{ limit: true, after: true, sort: true, name: true },
    ...{ pipeline: true, experiment: true, status: true, stack: true, tags: true },
  },
  listArtifacts: { limit: true, after: true, sort: true, artifact: true, runId: true, step: true },
  listStacks: { limit: true, after: true, sort: true, name: true, labels: true, component: true },
  listComponents: { limit: true, after: true, sort: true, name: true, labels: true, type: true, flavor: true },
  listSecrets: { limit: true, after: true, name: true },
};

const STATUSES: Readonly<Record<RunStatus, true>> = { queued: true, running: true, completed: true, failed: true, killed: true };

/** Filters that are no texts. */
const NO_TEXTS: ReadonlySet<string> = new Set(['limit', 'tags', 'labels']);

/**
 * For callers without types: a filter that is misspelt would list all there is, and whoever deletes what was listed would lose it.
 * @throws UnknownOption, BadOption, BadUsage
 */
export function checkQuery<List extends keyof Queries>(list: List, query: Queries[List]): void {
  const of = `${list}()`;
  checkKnown(of, query, Object.keys(FILTERS[list]));
  const { limit, tags, labels } = query as { limit?: unknown; tags?: unknown; labels?: unknown };
  if (limit !== undefined && !Number.isFinite(limit)) throw new BadOption({ of, option: 'limit', reason: 'must be a number' });
  if (limit !== undefined && !(Number.isInteger(limit) && (limit as number) >= 1))
    throw new BadOption({ of, option: 'limit', reason: 'must be a whole number from 1' });
  for (const [option, value] of Object.entries(query) as [string, unknown][])
    if (value !== undefined && !NO_TEXTS.has(option)) checkTexts(of, { [option]: value });
  for (const [option, texts] of Object.entries({ tags, labels }))
    if (texts !== undefined && !areTexts(texts)) throw new BadOption({ of, option, reason: 'must be an object of texts' });
  const { status } = query as { status?: string };
  if (list === 'listRuns' && status !== undefined && !Object.hasOwn(STATUSES, status))
    throw new BadOption({ of, option: 'status', reason: `cannot be "${status}". ${didYouMean(status, Object.keys(STATUSES))}` });
}

function areTexts(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === 'string')
  );
}
