import type { Pipeline } from './pipeline.ts';

/** By module URL, then by name. */
type Registry = Map<string, Map<string, Pipeline>>;

const KEY = Symbol.for('mortise.registry.v1');

/** The pipelines that the modules of this process and realm defined, whichever copy of this package made them. */
function registry(): Registry {
  const place = globalThis as { [KEY]?: Registry };
  return (place[KEY] ??= new Map());
}

/** Makes a pipeline known under its module and name; one that was defined there before under this name is replaced. */
export function registerPipeline(pipeline: Pipeline): void {
  const { module, name } = pipeline['~mortise.pipeline'];
  const ofModule = registry().get(module) ?? new Map<string, Pipeline>();
  registry().set(module, ofModule.set(name, pipeline));
}

/** The pipeline that a module (a `file:` URL without query) defined under a name. */
export function findPipeline(module: string, name: string): Pipeline | undefined {
  return registry().get(module)?.get(name);
}

/** The pipelines that a module defined, in their order. */
export function pipelinesOf(module: string): Pipeline[] {
  return [...(registry().get(module)?.values() ?? [])];
}
