import * as types from 'node:util/types';

import { BadPipelineClass, BadStepMethod, FrozenInstance } from '../errors.ts';
import type { ClassPipeline, PipelineClass } from '../pipeline/class-pipeline.ts';
import { isPlain } from '../pipeline/json-value.ts';
import { reasonOf } from './outcome.ts';

/** What a class's instances are made of, and what an error says of them. */
export interface InstanceSource {
  Class: PipelineClass;
  /** An instance that nobody uses: what another one shares with it belongs to neither. */
  sample: object;
}

/** Throws `BadPipelineClass`, and `BadStepMethod` for a field that has the name of a step and hides it. */
export function instanceSource({ Class, steps }: ClassPipeline): InstanceSource {
  let sample: object;
  try {
    sample = new Class();
  } catch (cause) {
    throw new BadPipelineClass({ pipeline: Class.name, reason: `its constructor threw: ${reasonOf(cause)}` }, { cause });
  }
  for (const name of steps.keys())
    if (Object.hasOwn(sample, name)) throw new BadStepMethod({ step: name, reason: `is hidden by a field of ${Class.name}` });
  return { Class, sample };
}

/**
 * Calls a method on an instance of its own that cannot be written to: what one call kept on `this` would be missing in the next one, after a
 * cache hit or in another process. Refused are writes to fields, and to plain arrays and objects that the constructor made. Private fields
 * (`#x`), Maps, Sets and instances of classes can be written to, but start anew in every call.
 * @throws FrozenInstance, and what the method throws
 */
export async function callOnFrozen(
  { Class, sample }: InstanceSource,
  caller: string,
  method: (this: object, argument: never) => unknown,
  args: readonly unknown[],
): Promise<unknown> {
  const refuse = (property: string, cause?: unknown): never => {
    throw new FrozenInstance({ pipeline: Class.name, method: caller, property }, { cause });
  };
  const instance = new Class();
  const frozen = freezeFields(instance, sample, refuse);
  try {
    return await Reflect.apply(method, instance, args);
  } catch (error) {
    const property = writtenProperty(error, instance, frozen, Class);
    if (property !== undefined) refuse(property, error);
    throw error;
  }
}

/** Makes every field one that only can be read, and freezes what fields hold. Gives the frozen values with the field each belongs to. */
function freezeFields(instance: object, sample: object, refuse: (property: string) => never): Map<object, string> {
  const frozen = new Map<object, string>();
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(instance))) {
    if (!('value' in property) || !property.configurable) continue;
    const value: unknown = property.value;
    freezeOwn(value, (sample as Record<string, unknown>)[name], name, frozen);
    Object.defineProperty(instance, name, {
      get: () => value,
      set: () => refuse(name),
      enumerable: property.enumerable ?? false,
      configurable: false,
    });
  }
  refuseNewFields(instance, refuse);
  Object.freeze(instance);
  return frozen;
}

/** A write of a field that an object does not have goes up its prototypes: one that sees it is put between the instance and its class. */
function refuseNewFields(instance: object, refuse: (property: string) => never): void {
  const guard: ProxyHandler<object> = {
    set: (target, name, value, receiver) => (hasAccessor(target, name) ? Reflect.set(target, name, value, receiver) : refuse(String(name))),
  };
  Object.setPrototypeOf(instance, new Proxy(Object.create(Object.getPrototypeOf(instance) as object) as object, guard));
}

function hasAccessor(object: object, name: PropertyKey): boolean {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const property = Object.getOwnPropertyDescriptor(at, name);
    if (property !== undefined) return !('value' in property);
  }
  return false;
}

/** Freezes plain arrays and objects, save those that the sample has too: they were made elsewhere and are not the instance's own. */
function freezeOwn(value: unknown, sample: unknown, field: string, frozen: Map<object, string>): void {
  if (typeof value !== 'object' || value === null || value === sample || Object.isFrozen(value)) return;
  if (!Array.isArray(value) && !isPlain(value)) return;
  Object.freeze(value);
  frozen.set(value, field);
  for (const [name, item] of Object.entries(value))
    freezeOwn(item, (sample as Record<string, unknown> | null | undefined)?.[name], field, frozen);
}

/** The field that a TypeError is about, when V8's text fits something that was frozen here. */
function writtenProperty(error: unknown, instance: object, frozen: ReadonlyMap<object, string>, Class: PipelineClass): string | undefined {
  if (!types.isNativeError(error) || error.name !== 'TypeError') return undefined;
  const [, what, name] = /^Cannot (add|define|assign to read only|delete) property '?([^',]+)/.exec(error.message) ?? [];
  if (what === undefined || name === undefined) return undefined;
  if (what === 'delete' && Object.hasOwn(instance, name)) return name;
  for (const [value, field] of frozen) {
    if (what === 'assign to read only' || what === 'delete' ? Object.hasOwn(value, name) : couldGet(value, field, name, Class))
      return field;
  }
  return undefined;
}

/** True for the next item of an array, and for a new entry of an object that the class's source writes to. V8 does not say which object it was. */
function couldGet(value: object, field: string, name: string, Class: PipelineClass): boolean {
  if (Array.isArray(value)) return name === String(value.length);
  for (let at: unknown = Class; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    const source = Function.prototype.toString.call(at);
    if (source.includes(`this.${field}[`) || source.includes(`this.${field}.${name}`)) return true;
  }
  return false;
}
