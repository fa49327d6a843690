import type { SettingsKey } from './settings-key.ts';
import type { RetryOptions, StepOptions, SystemMetricsOptions } from './step-options.ts';
import type { StepOutput, Wire } from './wire.ts';

/** A step's function: takes one object of named inputs, or nothing. */
export type StepFunction = (inputs: never) => unknown;

declare const nothing: unique symbol;
/** What a step without inputs may be given: `{}`. */
export interface NoInputs {
  readonly [nothing]?: never;
}

/** Options of one call of a step or of a nested pipeline. */
export interface CallOptions {
  /** Id of the step in the plan. Default: its name, `train_2` for the second of the same name. */
  readonly id?: string;
  /** Outputs of steps that must have ended before. */
  readonly after?: readonly (StepOutput<unknown> | Readonly<Record<string, StepOutput<unknown>>>)[];
}

export type IsAny<T> = 0 extends 1 & T ? true : false;
/** Without `strictNullChecks`, `unknown` fits an object whose properties may all be left out, too. */
type IsUnknown<T> = unknown extends T ? ([keyof T] extends [never] ? true : false) : false;

/** `unknown` for a function that takes nothing. */
export type InputsOf<F> = F extends (inputs: infer I) => unknown ? I : never;

/** What a function gives once it is awaited. */
export type ReturnOf<F> = F extends (inputs: never) => infer R ? Awaited<R> : never;

/** The inputs by name, also where the function has a default for all of them at once. */
export type NamedInputs<F> = NonNullable<InputsOf<F>>;

export type WireInputs<I> = { readonly [K in keyof I]: Wire<I[K]> };

/** The arguments of a call of a step. */
export type StepArguments<I> =
  IsAny<I> extends true
    ? [inputs: Readonly<Record<string, unknown>>, options?: CallOptions]
    : IsUnknown<I> extends true
      ? [inputs?: NoInputs, options?: CallOptions]
      : undefined extends I
        ? [inputs?: WireInputs<NonNullable<I>>, options?: CallOptions]
        : Record<never, never> extends I
          ? [inputs?: WireInputs<I>, options?: CallOptions]
          : [inputs: WireInputs<I>, options?: CallOptions];

/** Read, not inferred: what the function need not give may be undefined. */
type Property<R, K extends PropertyKey> = R extends unknown ? (K extends keyof R ? R[K] : never) : never;

type OutputNames<O> = O extends { readonly outputs: infer N }
  ? N extends readonly (infer K extends string)[]
    ? K
    : Extract<keyof N, string>
  : never;

/** What a call of a step gives: a wire, or an object of wires when outputs were declared. */
export type StepResult<F, O> = O extends { readonly outputs: unknown }
  ? { readonly [K in OutputNames<O>]: StepOutput<Property<ReturnOf<F>, K>> }
  : StepOutput<ReturnOf<F>>;

/** The same for a mapped step: each output is the array of what its items gave. */
export type MappedResult<F, O> = O extends { readonly outputs: unknown }
  ? { readonly [K in OutputNames<O>]: StepOutput<Property<ReturnOf<F>, K>[]> }
  : StepOutput<ReturnOf<F>[]>;

/** Inputs of a mapped step: each is an array of what one item takes. */
export type MappedInputs<I, K extends keyof I> = { readonly [P in K]: Wire<readonly I[P][]> } & ([K] extends [never]
  ? 'a step is mapped over at least one of its inputs'
  : unknown);

/** The inputs that all items share: what is not mapped. */
export type SharedArguments<S> = keyof S extends never
  ? [shared?: NoInputs, options?: CallOptions]
  : Record<never, never> extends S
    ? [shared?: WireInputs<S>, options?: CallOptions]
    : [shared: WireInputs<S>, options?: CallOptions];

type TakesOneObject<I> =
  // `never` stands for a function that the compiler has not looked at yet.
  [I] extends [never]
    ? true
    : unknown extends I
      ? true
      : NonNullable<I> extends readonly unknown[] | ((...args: never) => unknown)
        ? false
        : NonNullable<I> extends object
          ? true
          : false;

/** Outputs that were declared but are not among what the function returns. */
type MissingOutputs<R, O> = { [K in OutputNames<O>]: K extends (R extends unknown ? keyof R : never) ? never : K }[OutputNames<O>];

/** True for an object of numbers, which may be nested: `{ loss: 1, val: { loss: 2 } }`. */
type HoldsMetrics<T> = T extends number
  ? true
  : T extends readonly unknown[] | ((...args: never) => unknown)
    ? false
    : T extends object
      ? false extends { [K in keyof T]-?: HoldsMetrics<T[K]> }[keyof T]
        ? false
        : true
      : false;

/** Outputs declared as metrics that are no objects of numbers. */
type WronglyTracked<R, O> = O extends { readonly outputs: infer N }
  ? N extends readonly unknown[]
    ? never
    : {
        [K in keyof N]: N[K] extends { readonly tracked: 'metrics' } ? (IsMetrics<Property<R, K>> extends true ? never : K) : never;
      }[keyof N]
  : never;

type IsMetrics<T> = IsAny<T> extends true ? true : [T] extends [number] ? false : false extends HoldsMetrics<T> ? false : true;

/** What a step's function must be beside a function: `unknown` when it is right, else a sentence that the compiler shows. */
export type CheckedFunction<F, O = unknown> =
  TakesOneObject<InputsOf<F>> extends false
    ? 'a step takes one object of named inputs'
    : [MissingOutputs<ReturnOf<F>, O>] extends [never]
      ? [WronglyTracked<ReturnOf<F>, O>] extends [never]
        ? unknown
        : `an output declared as tracked.metrics() is an object of numbers: ${WronglyTracked<ReturnOf<F>, O> & string}`
      : `the function returns no output called ${MissingOutputs<ReturnOf<F>, O> & string}`;

/** Not a text: an intersection of a text with another value's type would be `never`, and the message without a word. */
interface NoSuchOption {
  readonly 'there is no such option': never;
}
/** `unknown` when all are known: beside an empty object type the compiler would let a text pass for options. */
type Unknown<Given, Known> = [Exclude<keyof Given, keyof Known>] extends [never]
  ? unknown
  : { readonly [K in Exclude<keyof Given, keyof Known>]: NoSuchOption };

/** Makes options that do not exist compile errors, also beside ones that do. */
export type KnownOptions<O> = Unknown<O, StepOptions> &
  (O extends { readonly retry: infer R } ? { readonly retry: Unknown<R, RetryOptions> } : unknown) &
  (O extends { readonly systemMetrics: infer M extends object } ? { readonly systemMetrics: Unknown<M, SystemMetricsOptions> } : unknown) &
  (O extends { readonly settings: infer S }
    ? { readonly settings: { readonly [K in Exclude<keyof S, SettingsKey>]: NoSuchOption } }
    : unknown);
