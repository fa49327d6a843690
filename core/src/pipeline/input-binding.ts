import { toTagged } from '../artifacts/tagged-json.ts';
import { placeWithin } from '../artifacts/place-within.ts';
import { ForeignWire, InputNotStorable, isError, NotSerializable, WireTouched } from '../errors.ts';
import type { InputSpec } from './pipeline-spec.ts';
import { describeWire, outputsState, wireState, type OutputsState, type WireState } from './wire.ts';

/** Where an input is: for the message when it cannot be bound. */
export interface InputPlace {
  plan: object;
  step: string;
  input: string;
}

/**
 * What an input comes from: a wire, a list with wires in it, or a plain value.
 * @throws ForeignWire, InputNotStorable
 */
export function bindInput(value: unknown, at: InputPlace): InputSpec {
  const wire = wireState(value);
  if (wire !== undefined) {
    checkPlan(wire, at);
    return wire.spec;
  }
  const outputs = outputsState(value);
  if (outputs !== undefined) throw notStorable(at, `is ${describeWire(outputs)}: pass one of them (${outputs.outputs.join(', ')})`);
  if (Array.isArray(value) && value.some((item) => holdsWire(item))) return { list: value.map((item) => bindInput(item, at)) };
  return { value: tagged(value, at) };
}

/** @throws ForeignWire for a wire of another plan */
export function checkPlan(wire: WireState | OutputsState, at: InputPlace): void {
  if (wire.plan !== at.plan) throw new ForeignWire({ step: at.step, input: at.input, wire: describeWire(wire) });
}

/** Bounded, because an array may contain itself; that is refused when it is made into JSON. */
function holdsWire(value: unknown, depth = 0): boolean {
  if (Array.isArray(value)) return depth < 20 && value.some((item) => holdsWire(item, depth + 1));
  return wireState(value) !== undefined || outputsState(value) !== undefined;
}

function tagged(value: unknown, at: InputPlace): ReturnType<typeof toTagged> {
  try {
    return toTagged(value);
  } catch (cause) {
    if (isError(cause, WireTouched))
      throw notStorable(
        at,
        `holds ${cause.facts.wire} within an object, but only the whole input or items of an array can be a wire`,
        cause,
      );
    if (isError(cause, NotSerializable)) {
      const { path, what } = placeWithin(at.input, cause.facts);
      throw notStorable(at, `cannot be stored: ${path} is ${what}`, cause);
    }
    throw cause;
  }
}

function notStorable({ step, input }: InputPlace, reason: string, cause?: unknown): Error {
  return new InputNotStorable({ step, input, reason }, { cause });
}
