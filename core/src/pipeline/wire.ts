import { WireInStep, WireTouched } from '../errors.ts';
import { stepContext } from '../tracking/context.ts';
import { currentCompilation } from './compilation.ts';
import type { InputSpec } from './pipeline-spec.ts';

/**
 * The output of a step, in the body of a pipeline: what it will be has the type `T`, but there is no value yet. Give it to other steps, return it,
 * or branch on it with `when`; anything else throws `WireTouched`, in a step `WireInStep`. Branded by a string key, so that two copies of this package fit each other.
 */
export interface StepOutput<T> {
  readonly '~mortise.output': T;
}

/** What a step's input of type `T` may be given: a value, a step's output, or (for an array) a list of them; for a tuple one of each, in its order. */
export type Wire<T> =
  | T
  | StepOutput<T>
  | (T extends readonly (infer E)[] ? (E[] extends T ? readonly Wire<E>[] : { readonly [K in keyof T]: TupleWire<T[K]> }) : never);

/** A place in a tuple. Not a `Wire`, which the compiler would follow without end where a type holds tuples of itself: `Tree = number | [Tree, Tree]`. */
type TupleWire<T> = T | StepOutput<T> | (T extends readonly (infer E)[] ? readonly Wire<E>[] : never);

/** What stands behind a wire. */
export interface WireState {
  /** The plan it belongs to. */
  plan: object;
  spec: InputSpec;
  /** How messages speak of it, where its spec does not say that. */
  name?: string;
}

/** What stands behind the object of a step's declared outputs. */
export interface OutputsState {
  plan: object;
  stepId: string;
  outputs: string[];
}

/** The keys under which a proxy gives what stands behind it, to any copy of this package. */
const WIRE = Symbol.for('mortise.wire.v1');
const OUTPUTS = Symbol.for('mortise.outputs.v1');

/** The state of a wire, or undefined for anything else. */
export function wireState(value: unknown): WireState | undefined {
  return typeof value === 'object' && value !== null ? (value as { [WIRE]?: WireState })[WIRE] : undefined;
}

/** The state of an object of declared outputs, or undefined for anything else. A wire gives none. */
export function outputsState(value: unknown): OutputsState | undefined {
  return typeof value === 'object' && value !== null ? (value as { [OUTPUTS]?: OutputsState })[OUTPUTS] : undefined;
}

/** How messages speak of a wire or of all outputs of a step: `the output of step "load"`. */
export function describeWire(state: WireState | OutputsState): string {
  if ('stepId' in state) return `all outputs of step "${state.stepId}"`;
  const { name, spec } = state;
  if (name !== undefined) return name;
  if ('when' in spec) return `the result of when(${spec.when.from})`;
  if (!('from' in spec)) return 'a wire';
  return spec.output === 'output' ? `the output of step "${spec.from}"` : `output "${spec.output}" of step "${spec.from}"`;
}

export function makeWire(state: WireState): StepOutput<unknown> {
  const untouchable = new Untouchable(state);
  return new Proxy(untouchable, untouchable) as unknown as StepOutput<unknown>;
}

/** The object of a step's declared outputs; reading one that was not declared throws what `missing` makes. */
export function makeOutputs(state: OutputsState, wires: object, missing: (name: string) => Error): object {
  return namedWires(wires, missing, state);
}

/** A frozen object of wires that says which there are when another is read. */
export function namedWires(wires: object, missing: (name: string) => Error, state?: OutputsState): object {
  return new Proxy(Object.freeze(wires), {
    get(target, key) {
      if (key === OUTPUTS) return state;
      if (typeof key === 'string' && !Object.hasOwn(target, key)) throw missing(key);
      return Reflect.get(target, key) as unknown;
    },
  });
}

/**
 * Both sides of a wire's proxy: the traps, by which whatever is done to it is an error, and the object behind, which `console.log` shows. What no
 * trap can see (`if (wire)`) is found by the check of the body's source.
 */
class Untouchable implements ProxyHandler<object> {
  private readonly state: WireState;
  constructor(state: WireState) {
    this.state = state;
  }
  /** Node calls it with the proxy as `this`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<${describeWire(wireState(this)!)}>`;
  }
  get(_: object, key: string | symbol): WireState | undefined {
    if (key === WIRE) return this.state;
    return key === OUTPUTS ? undefined : this.touched(reading(key), this.insteadOf(key));
  }
  set(_: object, key: string | symbol): never {
    return this.touched(`writing property "${String(key)}"`);
  }
  has(_: object, key: string | symbol): never {
    return this.touched(`asking for property "${String(key)}"`);
  }
  deleteProperty(_: object, key: string | symbol): never {
    return this.touched(`deleting property "${String(key)}"`);
  }
  defineProperty(_: object, key: string | symbol): never {
    return this.touched(`defining property "${String(key)}"`);
  }
  ownKeys(): never {
    return this.touched('listing the properties');
  }
  getOwnPropertyDescriptor(_: object, key: string | symbol): never {
    return this.touched(`asking for property "${String(key)}"`);
  }
  getPrototypeOf(): never {
    return this.touched('asking for the class');
  }
  setPrototypeOf(): never {
    return this.touched('changing the class');
  }
  isExtensible(): never {
    return this.touched('asking for the state');
  }
  preventExtensions(): never {
    return this.touched('freezing');
  }
  /** What may have been meant by reading a property; undefined where a branch is as likely as anything else. */
  private insteadOf(key: string | symbol): string | undefined {
    const { spec } = this.state;
    if (key === 'then' || key === 'toJSON' || key === Symbol.toPrimitive) return undefined;
    if (key in Array.prototype) return 'run a step for each item with step.map()';
    const whole = 'from' in spec && spec.output === 'output';
    return whole && typeof key === 'string'
      ? `have the step give it as an output of its own: step(name, { outputs: ["${key}"] }, fn)`
      : undefined;
  }
  private touched(how: string, mend?: string): never {
    const wire = describeWire(this.state);
    const step = currentCompilation() === undefined ? stepContext().getStore()?.stepId : undefined;
    throw step === undefined ? new WireTouched({ wire, how, ...(mend !== undefined && { mend }) }) : new WireInStep({ step, wire });
  }
}

function reading(key: string | symbol): string {
  if (key === Symbol.toPrimitive) return 'calculating with, comparing or printing the value';
  if (key === Symbol.iterator || key === Symbol.asyncIterator) return 'iterating over or destructuring the value';
  if (key === 'then') return 'awaiting the value';
  if (key === 'toJSON') return 'making JSON of the value';
  return `reading property "${String(key)}"`;
}
