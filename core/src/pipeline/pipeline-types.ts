import type { PipelineHooks } from './hooks.ts';
import type { TrackerErrorPolicy } from './pipeline-spec.ts';
import type { StepDefaults } from './step-options.ts';
import type { CallOptions, IsAny, NoInputs } from './step-types.ts';
import type { StepOutput, Wire } from './wire.ts';

/** Options of a pipeline: its params, and what holds for all of its steps unless they say otherwise. */
export interface PipelineOptions<P> extends StepDefaults, PipelineHooks {
  /** Names and defaults; a value given later must be of the default's type. `undefined as string | undefined`: a param that must be given. */
  readonly params?: P;
  /** What a step does whose experiment tracker cannot be opened: `warn` (default) goes on and delivers later, `fail` fails the step. */
  readonly onTrackerError?: TrackerErrorPolicy;
}

/** Declared params are an object of names and defaults. Not as a `Record`, which an object whose type is an interface does not fit. */
export type NamedParams<P> = P extends readonly unknown[] | AnyFunction
  ? { readonly params: 'params are an object of names and defaults' }
  : [NotJson<P>] extends [never]
    ? unknown
    : { readonly params: { readonly [K in NotJson<P>]: MustBeJson } };

type AnyFunction = (...args: never) => unknown;
/** Not a text: an intersection of a text with a number's type would be `never`, and the message without a word. */
interface MustBeJson {
  readonly 'a param must be JSON': never;
}
/** Params that are no JSON, as far as one look at each tells: a date, a map or a step holds functions. */
type NotJson<P> = { [K in keyof P]-?: true extends IsNotJson<P[K]> ? K : never }[keyof P];
type IsNotJson<T> =
  IsAny<T> extends true
    ? false
    : T extends bigint | symbol | AnyFunction
      ? true
      : T extends readonly unknown[]
        ? false
        : T extends object
          ? IsAny<T[keyof T]> extends true
            ? false
            : [Extract<T[keyof T], AnyFunction>] extends [never]
              ? false
              : true
          : false;

/** Params as the body gets them. */
export type ParamValues<P> = { [K in keyof P]: Exclude<P[K], undefined> };

/** Without `strictNullChecks` any type may be undefined, so that nothing tells which params have no default: only the run does. */
type RequiredKeys<P> = undefined extends 0 ? never : { [K in keyof P]-?: undefined extends P[K] ? K : never }[keyof P];

/** Params as they are given: those with a default may be left out. */
export type GivenParams<P> = keyof P extends never
  ? NoInputs
  : { readonly [K in RequiredKeys<P>]: Exclude<P[K], undefined> } & { readonly [K in Exclude<keyof P, RequiredKeys<P>>]?: P[K] };

/** The inputs of a nested pipeline: steps' outputs by name. */
export type PipelineInputs<I> = { readonly [K in keyof I]: StepOutput<unknown> };

/** What a body may return. Not only a `Record` of wires, which an object whose type is an interface does not fit, nor one that may lack a name. */
export type PipelineResult<R = Readonly<Record<string, ResultWire>>> = void | undefined | ResultWire | NamedWires<R>;
/** Of a function, which has no names either, the last part is wrong. */
type NamedWires<R> = object & { readonly [K in keyof R]: ResultWire } & { readonly [Symbol.hasInstance]?: never };
type ResultWire = StepOutput<unknown> | readonly ResultWire[];

/** What a run gives for what the body returned. */
export type ResultOf<R> = R extends StepOutput<infer T> ? T : R extends object ? { -readonly [K in keyof R]: ResultOf<R[K]> } : undefined;

type NestedInputs<I> = { readonly [K in keyof I]: I[K] extends StepOutput<infer T> ? Wire<T> : never };

/** The arguments of a pipeline that is called in the body of another one. */
export type NestedArguments<P, I> = [RequiredKeys<P>] extends [never]
  ? keyof I extends never
    ? [inputs?: NoInputs, params?: GivenParams<P>, options?: CallOptions]
    : [inputs: NestedInputs<I>, params?: GivenParams<P>, options?: CallOptions]
  : [inputs: keyof I extends never ? NoInputs : NestedInputs<I>, params: GivenParams<P>, options?: CallOptions];

/** The arguments of `run` before the options. */
export type RunArguments<P, I, Options> = keyof I extends never
  ? [RequiredKeys<P>] extends [never]
    ? [params?: GivenParams<P>, options?: Options]
    : [params: GivenParams<P>, options?: Options]
  : [never: 'a pipeline with inputs is called in the body of another one'];
