import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

import { knownMaterializers } from '../artifacts/materializers.ts';
import type { Json } from '../json.ts';
import { FunctionTexts } from '../pipeline/function-text.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import { sourceClosure, type SourceClosure } from '../pipeline/source-closure.ts';
import type { StepCall, StepCode } from './step-call.ts';

type Identity = { digest: string } | { reason: string };

/** The sources that a run's steps were made of, each module's closure computed once per run. */
export class StepSources {
  private readonly closures = new Map<string, Promise<SourceClosure>>();
  private readonly identities = new WeakMap<StepCode, Promise<Identity>>();
  private readonly digests = new Map<string, Promise<Identity>>();
  private readonly texts = new Map<string, FunctionTexts>();
  private readonly folders: { root: string; cacheFolder: string };

  constructor(folders: { root: string; cacheFolder: string }) {
    this.folders = folders;
  }

  /** What a step's code is, as one hash, or why no hash stands for it. */
  identify(code: StepCode, declaredKey: Json | undefined): Promise<Identity> {
    let identity = this.identities.get(code);
    if (identity === undefined) this.identities.set(code, (identity = this.identityOf(code, declaredKey)));
    return identity;
  }

  /**
   * Looks at the sources of steps before the first of them runs. While a run goes on they may be changed on disk, and what comes later would be remembered as
   * made by code that it never ran.
   */
  async lookAhead(steps: Iterable<Pick<StepCall, 'step' | 'code'>>): Promise<void> {
    const ahead = Array.from(steps).filter(({ step }) => step.options.cache !== false);
    await Promise.allSettled(ahead.map(({ step, code }) => this.identify(code, step.options.cacheKey)));
  }

  /** Whether the sources of a step are still those of its identity: a process that is started later loads what is there by then. */
  async unchanged(code: StepCode): Promise<boolean> {
    for (const module of modulesOf(code))
      if ((await sourceClosure(module, this.folders)).hash !== (await this.closure(module)).hash) return false;
    return true;
  }

  private async identityOf(code: StepCode, declaredKey: Json | undefined): Promise<Identity> {
    if (code.bundled) return { reason: 'its module is bundled together with @mortise/core; declare that external for a cache' };
    if (code.insideFunction !== undefined && declaredKey === undefined)
      return { reason: `it was made inside the function ${code.insideFunction}; declare { cacheKey } to tell it apart` };
    if (code.on !== undefined && code.on.module === undefined)
      return { reason: `the module of class ${code.on.id} is not known: it has no @step or @pipeline of its own` };
    const modules = modulesOf(code);
    const key = modules.join('\n');
    let digest = this.digests.get(key);
    if (digest === undefined) this.digests.set(key, (digest = this.digest(modules)));
    const source = await digest;
    if ('reason' in source) return source;
    const text = await this.textsOf(code.module).hashOf(code.written ?? code.fn);
    if (text === undefined && declaredKey === undefined)
      return { reason: 'its function is bound or built in and has no text of its own; declare { cacheKey } to tell it apart' };
    return { digest: `${source.digest},${text ?? ''}` };
  }

  get root(): string {
    return this.folders.root;
  }

  private async digest(modules: readonly string[]): Promise<Identity> {
    const hashes: string[] = [];
    for (const module of modules) {
      const closure = await this.closure(module);
      if (closure.uncacheable !== undefined) return { reason: closure.uncacheable };
      hashes.push(closure.hash);
    }
    return { digest: hashes.join() };
  }

  private textsOf(module: string): FunctionTexts {
    let texts = this.texts.get(module);
    if (texts === undefined) this.texts.set(module, (texts = new FunctionTexts({ module, cacheFolder: this.folders.cacheFolder })));
    return texts;
  }

  private closure(module: string): Promise<SourceClosure> {
    let closure = this.closures.get(module);
    if (closure === undefined) this.closures.set(module, (closure = sourceClosure(module, this.folders)));
    return closure;
  }
}

/** The modules that its code is written in, without what they import. */
function modulesOf(code: StepCode): string[] {
  const defined = code.insideFunction === undefined ? [code.module] : code.frames;
  return [...new Set([...defined, ...(code.on?.module === undefined ? [] : [code.on.module])])];
}

/**
 * The cache key of one step run: what its code, its inputs and its surroundings are. Two step runs with one key would give the same outputs.
 * `inputs` are content hashes by input name.
 */
export async function cacheKey(
  step: StepSpec,
  code: StepCode,
  inputs: Record<string, Json>,
  sources: StepSources,
  artifactStoreId: string,
): Promise<{ key: string } | { reason: string }> {
  if (step.options.cache === false) return { reason: 'the step says { cache: false }' };
  const source = await sources.identify(code, step.options.cacheKey);
  if ('reason' in source) return source;
  const files: Record<string, string> = {};
  for (const file of step.options.cacheFiles ?? []) {
    const content = fileHash(isAbsolute(file) ? file : resolve(sources.root, file));
    if ('reason' in content) return { reason: `its extra file ${file} ${content.reason}` };
    files[file] = content.hash;
  }
  const environment = Object.fromEntries((step.options.cacheEnv ?? []).map((name) => [name, process.env[name] ?? null]));
  const parts: Json = [
    1,
    step.name,
    code.inBody ? ['in a body', code.ordinal] : code.ordinal,
    code.on?.id ?? null,
    source.digest,
    step.options.cacheKey ?? null,
    files,
    environment,
    inputs,
    step.outputs.map((output) => [output.name, output.tracked ?? null]),
    knownMaterializers(),
    artifactStoreId,
  ];
  return { key: hash('sha256', JSON.stringify(parts)) };
}

function fileHash(path: string): { hash: string } | { reason: string } {
  try {
    return { hash: createHash('sha256').update(readFileSync(path)).digest('hex') };
  } catch (error) {
    return { reason: (error as NodeJS.ErrnoException).code === 'EISDIR' ? 'is a folder: name the files in it' : 'cannot be read' };
  }
}
