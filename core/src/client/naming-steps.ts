import type { PipelineSpec } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { MetadataStore } from '../store/metadata-store.ts';

/** A step whose code names a component. */
export interface NamingStep {
  pipeline: string;
  step: string;
}

/** How many runs are looked through. */
const NEWEST = 1000;

/** Steps that name a component, in their options or settings, as of the newest run of each pipeline. */
export async function namingSteps(store: MetadataStore, type: ComponentType, name: string): Promise<NamingStep[]> {
  const { items } = await store.runs({ limit: NEWEST });
  const newest = new Map(items.toReversed().map(({ pipeline, id }) => [pipeline, id]));
  const found: NamingStep[] = [];
  for (const [pipeline, id] of [...newest].sort()) {
    const steps = (await store.run(id))?.spec.steps ?? [];
    found.push(...steps.filter((step) => names(step.options, type, name)).map((step) => ({ pipeline, step: step.id })));
  }
  return found;
}

function names(options: PipelineSpec['steps'][number]['options'], type: ComponentType, name: string): boolean {
  const { experimentTracker, settings } = options;
  const tracks = type === 'experiment-tracker' && Array.isArray(experimentTracker) && experimentTracker.includes(name);
  return tracks || (JSON.stringify(settings) ?? '').includes(JSON.stringify(`${type}:${name}`));
}
