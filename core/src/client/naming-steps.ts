import type { PipelineSpec } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { MetadataStore } from '../store/metadata-store.ts';

/** A step whose code names a component. */
export interface NamingStep {
  pipeline: string;
  step: string;
}

/** Most runs that the store lists at once. */
const PAGE = 1000;

/** Steps that name a component, in their options or settings, as of the newest run of each pipeline. */
export async function namingSteps(store: MetadataStore, type: ComponentType, name: string): Promise<NamingStep[]> {
  const found: NamingStep[] = [];
  for (const [pipeline, id] of [...(await newestRuns(store))].sort()) {
    const steps = (await store.run(id))?.spec.steps ?? [];
    for (const step of steps) if (names(step.options, type, name)) found.push({ pipeline, step: step.id });
  }
  return found;
}

/** Ids by pipeline. All runs are looked through: the pipeline that is run least may be the one that names the component. */
async function newestRuns(store: MetadataStore): Promise<Map<string, string>> {
  const newest = new Map<string, string>();
  for (let after: string | undefined; ;) {
    const { items, next } = await store.runs({ limit: PAGE, ...(after !== undefined && { after }) });
    for (const { pipeline, id } of items) if (!newest.has(pipeline)) newest.set(pipeline, id);
    if (next === undefined) return newest;
    after = next;
  }
}

function names(options: PipelineSpec['steps'][number]['options'], type: ComponentType, name: string): boolean {
  const { experimentTracker, settings } = options;
  const tracks = type === 'experiment-tracker' && Array.isArray(experimentTracker) && experimentTracker.includes(name);
  return tracks || (JSON.stringify(settings) ?? '').includes(JSON.stringify(`${type}:${name}`));
}
