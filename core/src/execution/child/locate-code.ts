import { relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { exportsOf, guardRuns, type Nomination } from '../../client/file-pipelines.ts';
import { isError, StepNotLocated } from '../../errors.ts';
import { classPipeline, isPipelineClass, type ClassPipeline } from '../../pipeline/class-pipeline.ts';
import { compilePipeline } from '../../pipeline/compile.ts';
import { findPipeline } from '../../pipeline/registry.ts';
import { classStepCode } from '../class-step-code.ts';
import { instanceSource } from '../frozen-instance.ts';
import { reasonOf } from '../outcome.ts';
import type { StepCode } from '../step-call.ts';
import type { CodeOrigin } from './code-origin.ts';
import type { StepTask } from './protocol.ts';

/** The code of the steps of one pipeline, found in this process. Throws `StepNotLocated`. */
export type StepLocator = (task: Pick<StepTask, 'step' | 'code'>) => StepCode;

type FunctionOrigin = Extract<CodeOrigin, { style: 'function' }>;
type ClassOrigin = Extract<CodeOrigin, { style: 'class' }>;

/** Imports what defines a pipeline; a top-level `run()` in it does not run. Throws `StepNotLocated`. */
export async function locateCode(origin: CodeOrigin): Promise<StepLocator> {
  const refuse: Refuse = (reason, advice, cause) => new StepNotLocated({ pipeline: origin.pipeline, reason, advice }, { cause });
  const modules = new GuardedModules(refuse);
  return origin.style === 'function' ? locateSteps(origin, modules, refuse) : locateMethods(origin, modules, refuse);
}

type Refuse = (reason: string, advice: string, cause?: unknown) => Error;

async function locateSteps(origin: FunctionOrigin, modules: GuardedModules, refuse: Refuse): Promise<StepLocator> {
  const pipeline = await modules.find(origin.modules, () => findPipeline(origin.module, origin.pipeline));
  if (pipeline === undefined) throw whyNotDefined(origin, modules, refuse);
  const definition = pipeline['~mortise.pipeline'];
  if (definition.ordinal !== origin.ordinal)
    throw refuse(`${shown(origin.module)} defines several pipelines of this name`, 'Give each a name of its own');
  const { steps } = await compilePipeline(definition, origin.params, true);
  return ({ step, code }) => {
    const found = steps.get(step.id);
    const same = found?.module === code.module && found.name === step.name && (code.inBody || found.ordinal === code.ordinal);
    if (found !== undefined && same) return found;
    const what = found === undefined ? `it has no step "${step.id}" there` : `its step "${step.id}" is another one there`;
    throw refuse(what, 'Let its body and its modules make the same steps whenever the params are the same');
  };
}

function whyNotDefined({ module, pipeline, insideFunction }: FunctionOrigin, modules: GuardedModules, refuse: Refuse): Error {
  const file = shown(module);
  if (modules.stopped !== undefined)
    return refuse(
      `${shown(modules.stopped)} runs something else first, and what is below that is not reached`,
      `Define "${pipeline}" above it`,
    );
  if (insideFunction !== undefined)
    return refuse(
      `it is made inside the function ${insideFunction}, which importing ${file} does not call`,
      'Define it at the top level of a module',
    );
  return refuse(
    `importing ${file} does not define it`,
    'Define it at the top level of a module, whatever the time, the arguments or the environment are',
  );
}

async function locateMethods(origin: ClassOrigin, modules: GuardedModules, refuse: Refuse): Promise<StepLocator> {
  const pipeline = await modules.find(origin.modules, (exports, nominations) => {
    const classes = [...nominations.map(({ pipeline }) => pipeline), ...exportsOf(exports).map(([, value]) => value)].filter(
      isPipelineClass,
    );
    return classes.map(classPipeline).find((found) => isClassOf(found, origin));
  });
  if (pipeline === undefined) throw whyNoClass(origin, modules, refuse);
  const source = instanceSource(pipeline);
  return ({ step }) => {
    const found = pipeline.steps.get(step.name);
    if (found === undefined)
      throw refuse(`class ${origin.name} has no step "${step.name}" there`, 'Define it the same way wherever it is imported');
    return classStepCode(pipeline, source, found);
  };
}

function isClassOf({ Class, name, written }: ClassPipeline, origin: ClassOrigin): boolean {
  return name === origin.pipeline && Class.name === origin.name && written?.id === origin.id;
}

function whyNoClass({ name, id, modules: [module = ''] }: ClassOrigin, modules: GuardedModules, refuse: Refuse): Error {
  const advice = `Export class ${name} from its module`;
  if (id === undefined) return refuse(`class ${name} has no @step or @pipeline of its own, so its module is not known`, 'Give it one');
  if (modules.stopped !== undefined)
    return refuse(`${shown(modules.stopped)} runs something else first and does not export class ${name}`, advice);
  return refuse(`${shown(module)} does not export class ${name}`, advice);
}

/** Modules of the user that are imported while `run()` is held back, for good: this process runs no pipeline at a top level. */
class GuardedModules {
  /** A module whose import goes no further, since it awaits its own `run()`. */
  stopped: string | undefined;
  readonly #nominations: Nomination[] = [];
  readonly #refuse: Refuse;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** Imports one after the other until something is found. */
  async find<T>(
    modules: readonly string[],
    look: (exports: Record<string, unknown>, nominations: readonly Nomination[]) => T | undefined,
  ): Promise<T | undefined> {
    for (const module of modules) {
      const exports = await this.#import(module);
      const found = look(exports, this.#nominations);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #import(module: string): Promise<Record<string, unknown>> {
    const stuck = Promise.withResolvers<never>();
    const giveUp = (): void =>
      stuck.reject(this.#refuse(`the top level of ${shown(module)} awaits something that never happens`, 'Let it come to an end'));
    process.once('beforeExit', giveUp);
    // While nothing but the channel to the parent is left to wait for, the import cannot go on: only then `beforeExit` comes.
    process.channel?.unref();
    const guard = guardRuns();
    const halted = guard.first.then(() => setImmediate(undefined));
    try {
      const exports = (await Promise.race([import(module), halted, stuck.promise])) as Record<string, unknown> | undefined;
      if (exports === undefined) this.stopped = module;
      return exports ?? {};
    } catch (error) {
      if (isError(error, StepNotLocated)) throw error;
      const failed = `importing ${shown(module)} failed there: ${reasonOf(error)}`;
      if (await isUncompiled(error))
        throw this.#refuse(
          `${failed}, since Node alone loads modules there, without what compiles them here (jest, a loader that is registered later)`,
          'Start Node with a loader that child processes have too, such as NODE_OPTIONS="--import=tsx"',
          error,
        );
      throw this.#refuse(
        failed,
        'What is at the top level of a module runs again in each child process: put the pipeline into a module that can be imported alone',
        error,
      );
    } finally {
      this.#nominations.push(...guard.nominations);
      process.off('beforeExit', giveUp);
      process.channel?.ref();
    }
  }
}

/** Whether Node alone cannot read a module that this run's own process has read: decorators, enums, TypeScript in CommonJS. */
async function isUncompiled(error: unknown): Promise<boolean> {
  const { isForLoader } = await import('../../stack/import-flavor-module.ts');
  return isForLoader(error) && (error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND';
}

function shown(module: string): string {
  const path = fileURLToPath(module);
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
