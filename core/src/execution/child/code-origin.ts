import type { JsonObject } from '../../json.ts';
import type { ClassPipeline } from '../../pipeline/class-pipeline.ts';
import type { PipelineDefinition } from '../../pipeline/pipeline-definition.ts';

/** Where another process finds the code of a run's steps again. */
export type CodeOrigin = FunctionOrigin | ClassOrigin;

interface FunctionOrigin {
  style: 'function';
  pipeline: string;
  /** `file:` URL under which the registry has it. */
  module: string;
  /** Modules that were on the stack when it was defined, the module itself first: one of them defines it when it is imported. */
  modules: readonly string[];
  ordinal: number;
  /** Name of the function that made it, if one did. */
  insideFunction: string | undefined;
  params: JsonObject;
}

interface ClassOrigin {
  style: 'class';
  pipeline: string;
  /** Name of the class. */
  name: string;
  /** Tells it from the other classes of its module; undefined when it has no decorators of its own. */
  id: string | undefined;
  /** Modules that may export it or run it at their top level. */
  modules: readonly string[];
  insideFunction: string | undefined;
}

/** Set by a program that imports users' files (the command line): the file it was asked for, and how a process is started that can import it too. */
export interface LoadedFile {
  /** `file:` URL. */
  module: string;
  /** Arguments for Node, e.g. a loader to import. */
  execArgv: readonly string[];
  env: Readonly<Record<string, string>>;
}

const KEY = Symbol.for('mortise.loaded-file.v1');

export function setLoadedFile(file: LoadedFile): void {
  (globalThis as { [KEY]?: LoadedFile })[KEY] = file;
}

export function loadedFile(): LoadedFile | undefined {
  return (globalThis as { [KEY]?: LoadedFile })[KEY];
}

export function functionOrigin(pipeline: PipelineDefinition, params: JsonObject): CodeOrigin {
  const { name, module, frames, ordinal, insideFunction } = pipeline;
  return { style: 'function', pipeline: name, module, modules: distinct([module, ...frames]), ordinal, insideFunction, params };
}

export function classOrigin({ name, module, Class, written }: ClassPipeline): CodeOrigin {
  const modules = distinct([...(written?.frames ?? []), module, loadedFile()?.module]);
  return { style: 'class', pipeline: name, name: Class.name, id: written?.id, modules, insideFunction: written?.insideFunction };
}

function distinct(modules: readonly (string | undefined)[]): string[] {
  return [...new Set(modules.filter((module) => module !== undefined))];
}
