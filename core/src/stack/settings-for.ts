import { BadOption } from '../errors.ts';
import type { SettingsValues } from '../pipeline/step-options.ts';
import type { TrackerSettings } from '../tracking/tracker-settings.ts';
import type { ComponentType } from './component-types.ts';
import { isFlavor } from './define-flavor.ts';
import type { ConfigSchema, Flavor } from './flavor.ts';

/** Stands for a value until the run begins. */
type Reference = `${string}{{${'secret' | 'env'}.${string}}}${string}`;

type Properties<I> = { [K in keyof I as I[K] extends (...args: never[]) => unknown ? never : K]?: I[K] | Reference };

/** What a settings schema takes; not all of it has to be set in one place. */
type SettingsOfSchema<S, None> = [S] extends [never]
  ? None
  : ConfigSchema extends S
    ? SettingsValues
    : S extends { '~standard': { readonly types?: { readonly input: infer I } | undefined } }
      ? unknown extends I
        ? SettingsValues
        : Properties<I>
      : S extends new () => infer I
        ? Properties<I>
        : SettingsValues;

/** What can be set for components of a flavor: what its schema takes, and what every experiment tracker takes. */
export type SettingsOf<F extends Flavor> = F['type'] extends 'experiment-tracker'
  ? OwnSettings<F> & TrackerSettings
  : OwnSettings<F, Nothing>;

interface Nothing {
  readonly [key: string]: never;
}
type OwnSettings<F, None = unknown> = F extends { settings?: () => Promise<infer S> } ? SettingsOfSchema<S, None> : None;

/**
 * Settings for the components of a flavor, with the types of its settings schema: to be spread into the `settings` of a step or a pipeline.
 * @throws BadOption for something else than a flavor
 * @example
 * import { logbook } from './logbook-flavor.ts';
 * const train = step('train', { experimentTracker: true, settings: { ...settingsFor(logbook, { page: 7 }) } }, fn);
 */
export function settingsFor<F extends Flavor>(
  flavor: F,
  settings: SettingsOf<F>,
): { readonly [key in `${F['type'] & ComponentType}.${string}`]: SettingsValues } {
  if (!isFlavor(flavor))
    throw new BadOption({ of: 'settingsFor()', option: 'flavor', reason: 'must be a flavor, as defineFlavor() makes one' });
  return { [`${flavor.type}.${flavor.name}`]: settings } as unknown as ReturnType<typeof settingsFor<F>>;
}
