import { WireTouched } from '../errors.ts';
import type { InputSpec } from './pipeline-spec.ts';

/**
 * The output of a step, in the body of a pipeline: what it will be has the type `T`, but there is no value yet. Give it to other steps, return it,
 * or branch on it with `when`; anything else throws `WireTouched`. Branded by a string key, so that two copies of this package fit each other.
 */
export interface StepOutput<T> {
  readonly '~mortise.output': T;
}

/** What a step's input of type `T` may be given: a value, a step's output, or (for an array) a list of them. */
export type Wire<T> = T | StepOutput<T> | (T extends readonly (infer E)[] ? readonly Wire<E>[] : never);

/** What stands behind a wire. */
export interface WireState {
  /** The plan it belongs to. */
  plan: object;
  spec: InputSpec;
  /** How messages speak of it: `the output of step "load"`. */
  text: string;
}

/** What stands behind the object of a step's declared outputs. */
export interface OutputsState {
  plan: object;
  stepId: string;
  text: string;
  names: string[];
}

interface Known {
  wires: WeakMap<object, WireState>;
  outputs: WeakMap<object, OutputsState>;
}

const KEY = Symbol.for('mortise.wires.v1');

/** All wires of this process and realm, whichever copy of this package made them. */
function known(): Known {
  const place = globalThis as { [KEY]?: Known };
  return (place[KEY] ??= { wires: new WeakMap(), outputs: new WeakMap() });
}

/** The state of a wire, or undefined for anything else. */
export function wireState(value: unknown): WireState | undefined {
  return typeof value === 'object' && value !== null ? known().wires.get(value) : undefined;
}

/** The state of an object of declared outputs, or undefined for anything else. */
export function outputsState(value: unknown): OutputsState | undefined {
  return typeof value === 'object' && value !== null ? known().outputs.get(value) : undefined;
}

export function makeWire(state: WireState): StepOutput<unknown> {
  const wire = new Proxy(shownAs(state.text), new Untouchable(state.text)) as unknown as StepOutput<unknown>;
  known().wires.set(wire, state);
  return wire;
}

/** The object of a step's declared outputs; reading one that was not declared throws what `missing` makes. */
export function makeOutputs(state: OutputsState, wires: Record<string, unknown>, missing: (name: string) => Error): object {
  const outputs = namedWires(wires, missing);
  known().outputs.set(outputs, state);
  return outputs;
}

/** A frozen object of wires that says which there are when another is read. */
export function namedWires(wires: Record<string, unknown>, missing: (name: string) => Error): object {
  return new Proxy(Object.freeze(wires), {
    get(target, key) {
      if (typeof key === 'string' && !Object.hasOwn(target, key)) throw missing(key);
      return Reflect.get(target, key) as unknown;
    },
  });
}

/** `console.log` looks behind a proxy: it shows what the wire is. */
function shownAs(text: string): object {
  return { [Symbol.for('nodejs.util.inspect.custom')]: () => `<${text}>` };
}

/** A proxy's traps: whatever is done to a wire is an error. What they cannot see (`if (wire)`) is found by the check of the body's source. */
class Untouchable implements ProxyHandler<object> {
  private readonly wire: string;
  constructor(wire: string) {
    this.wire = wire;
  }
  get(_: object, key: string | symbol): never {
    return this.touched(reading(key));
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
    return this.touched('freezing or asking for the state');
  }
  preventExtensions(): never {
    return this.touched('freezing');
  }
  private touched(how: string): never {
    throw new WireTouched({ wire: this.wire, how });
  }
}

function reading(key: string | symbol): string {
  if (key === Symbol.toPrimitive) return 'calculating with, comparing or printing the value';
  if (key === Symbol.iterator || key === Symbol.asyncIterator) return 'iterating over or destructuring the value';
  if (key === 'then') return 'awaiting the value';
  if (key === 'toJSON') return 'making JSON of the value';
  return `reading property "${String(key)}"`;
}
