import * as types from 'node:util/types';

import { AsyncBody, BadPipelineResult, BodyUnreadable, MissingInput, StepArguments, WireInCondition } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { checkBody } from './body-check.ts';
import { Compilation } from './compilation.ts';
import { bindInput } from './input-binding.ts';
import { cloneJson, isPlain } from './json-value.ts';
import { paramValues } from './param-values.ts';
import type { PipelineDefinition } from './pipeline-definition.ts';
import type { InputSpec, PipelineSpec } from './pipeline-spec.ts';
import type { StepDefinition } from './step-definition.ts';
import { makeWire, namedWires, outputsState, wireState } from './wire.ts';

/** The plan of one run, and the code of its steps by step id. */
export interface CompiledPipeline {
  /** Modules in it are absolute `file:` URLs. */
  spec: PipelineSpec;
  steps: Map<string, StepDefinition>;
}

/**
 * Binds a pipeline to params: runs its body once and writes down which steps it called and how they are wired. `checked`: another process has done so with
 * this body, so that it need not be looked through for wires in conditions.
 * @throws UnknownParam, MissingParam, BadParam, WireInCondition, WireTouched, AsyncBody, PipelineCycle and what the steps' calls throw
 */
export async function compilePipeline(pipeline: PipelineDefinition, given?: object, checked = false): Promise<CompiledPipeline> {
  const params = paramValues(pipeline, given);
  if (!checked) await refuseTestedWires(pipeline);
  const compilation = new Compilation(pipeline);
  try {
    const returned = compilation.follow(() => callBody(pipeline, params, {}));
    const result = resultSpec(returned, compilation);
    const { name, module } = pipeline;
    const spec: PipelineSpec = { specVersion: 1, pipeline: name, style: 'function', module, params, steps: compilation.finish() };
    const { onTrackerError, defaults } = pipeline;
    const own = defaults.settings && { settings: defaults.settings[0]! };
    return {
      spec: { ...spec, ...(onTrackerError && { onTrackerError }), ...own, ...(result && { result }) },
      steps: compilation.definitions,
    };
  } finally {
    // A wire in a condition explains whatever else went wrong, so its error comes first.
    if (!checked) for (const nested of compilation.nested) await refuseTestedWires(nested);
  }
}

/** Plans a pipeline within the body of another one, and gives what its body returned. */
export function nestPipeline(
  pipeline: PipelineDefinition,
  compilation: Compilation,
  call: { inputs: Record<string, unknown>; params: object | undefined; options: object },
): unknown {
  const params = paramValues(pipeline, call.params);
  refuseParamsAsInputs(pipeline, call.inputs);
  const wires = Object.entries(call.inputs).map(([input, value]) => {
    const spec = bindInput(value, { plan: compilation, step: pipeline.name, input });
    const name = `input "${input}" of pipeline "${pipeline.name}"`;
    return [input, wireState(value) ? value : makeWire({ plan: compilation, spec, name })];
  });
  const inputs = Object.fromEntries(wires) as Record<string, unknown>;
  return compilation.nest(pipeline, call.options, () => {
    const returned = callBody(pipeline, params, inputs);
    resultSpec(returned, compilation);
    return returned;
  });
}

/** A body that takes no inputs would not see them, and run with the defaults. */
function refuseParamsAsInputs({ name, params, body }: PipelineDefinition, inputs: object): void {
  const param = body.length > 1 ? undefined : Object.keys(inputs).find((input) => Object.hasOwn(params, input));
  if (param === undefined) return;
  const reason = `is a pipeline, and "${param}" is a param of it, no input: nested, it takes an object of inputs, one of params and one of options`;
  throw new StepArguments({ step: name, reason });
}

function callBody(pipeline: PipelineDefinition, params: JsonObject, inputs: Record<string, unknown>): unknown {
  const known = Object.keys(inputs);
  const wires = namedWires(inputs, (input) => new MissingInput({ pipeline: pipeline.name, input, known }));
  const returned = pipeline.body(cloneJson(params) as never, wires as never);
  if (!types.isPromise(returned)) return returned;
  returned.catch(() => undefined);
  throw new AsyncBody({ pipeline: pipeline.name });
}

async function refuseTestedWires({ name: pipeline, body }: PipelineDefinition): Promise<void> {
  const [problem] = await checkBody(body.toString());
  if (problem === undefined) return;
  if (problem.kind === 'uncheckable') throw new BodyUnreadable({ pipeline, reason: problem.message });
  throw new WireInCondition({ pipeline, expression: problem.expression, line: problem.line });
}

/** What the body returned: a wire, an array of wires, or one of these by name. */
function resultSpec(returned: unknown, compilation: Compilation): PipelineSpec['result'] {
  if (returned === undefined) return undefined;
  const one = wiresSpec(returned, compilation);
  if (one !== undefined) return { wire: one };
  if (typeof returned !== 'object' || returned === null || !(outputsState(returned) || isPlain(returned)))
    throw badResult(compilation, describe(returned));
  const named: [string, InputSpec][] = Object.entries(returned).map(([name, value]) => {
    const spec = wiresSpec(value, compilation);
    if (spec === undefined) throw badResult(compilation, `{ ${name} }, where ${name} is ${describe(value)}`);
    return [name, spec];
  });
  return { wires: Object.fromEntries(named) };
}

function wiresSpec(value: unknown, compilation: Compilation): InputSpec | undefined {
  if (!wireState(value) && !(Array.isArray(value) && value.every((item) => wiresSpec(item, compilation) !== undefined))) return undefined;
  const spec = bindInput(value, { plan: compilation, step: compilation.pipeline, input: 'result' });
  return 'value' in spec && Array.isArray(value) ? { list: [] } : spec;
}

function badResult(compilation: Compilation, returned: string): Error {
  return new BadPipelineResult({ pipeline: compilation.pipeline, returned });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array with something else than wires';
  return typeof value === 'object' ? 'an object that holds something else' : `a ${typeof value}`;
}
