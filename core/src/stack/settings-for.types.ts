import { step } from '../pipeline/authoring.ts';
import type { ExperimentTracker } from '../tracking/experiment-tracker.ts';
import type { Alerter } from './alerter.ts';
import { defineFlavor } from './define-flavor.ts';
import type { StandardSchema } from './flavor.ts';
import { settingsFor } from './settings-for.ts';

declare const tracker: ExperimentTracker;
declare const alerter: Alerter;

/** As a settings class of class-validator. */
declare class ServerSettings {
  nested: boolean;
  priority?: number;
  kinds: string[];
  describe(): string;
}
/** As zod and valibot make one. */
interface TypedSchema<Input> extends StandardSchema {
  '~standard': StandardSchema['~standard'] & { readonly types?: { readonly input: Input; readonly output: Required<Input> } | undefined };
}
declare const zodLike: TypedSchema<{ project: string; resume?: 'allow' | 'never' }>;

const load = async () => ({ create: async () => tracker });
const byClass = defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'server', settings: async () => ServerSettings, load });
const bySchema = defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'typed', settings: async () => zodLike, load });
const plain = defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'plain', load });
const bell = defineFlavor({ apiVersion: 1, type: 'alerter', name: 'bell', load: async () => ({ create: async () => alerter }) });

// What is right compiles, and fits the option of a step, beside other keys.
step(
  'train',
  {
    settings: {
      'experiment-tracker': { experiment: 'wines', tags: { team: 'red' } },
      'experiment-tracker:team': { anything: [1, 2] },
      ...settingsFor(byClass, { nested: true, kinds: ['a'], experiment: 'wines', tags: { a: 'b' } }),
      ...settingsFor(bySchema, { resume: 'allow', group: 'nightly' }),
      ...settingsFor(plain, { runName: 'best' }),
    },
  },
  () => 1,
);
settingsFor(byClass, { nested: '{{env.NESTED}}' });
settingsFor(bySchema, { project: 'wines-{{env.STAGE}}' });
settingsFor(bell, {});

// @ts-expect-error a key that the settings class does not have
settingsFor(byClass, { nestd: true });
// @ts-expect-error a value of another type than the settings class has
settingsFor(byClass, { nested: 'yes' });
// @ts-expect-error a method of the settings class
settingsFor(byClass, { describe: () => 'x' });
// @ts-expect-error a key that the Standard Schema does not have
settingsFor(bySchema, { projct: 'wines' });
// @ts-expect-error a value that the Standard Schema does not take
settingsFor(bySchema, { resume: 'must' });
// @ts-expect-error a setting of a flavor without settings
settingsFor(plain, { nested: true });
// @ts-expect-error tags that are no texts
settingsFor(plain, { tags: { a: 1 } });
// @ts-expect-error a setting of experiment trackers for an alerter
settingsFor(bell, { experiment: 'wines' });
// @ts-expect-error something else than a flavor
settingsFor({ type: 'alerter', name: 'bell' }, {});
// @ts-expect-error settings of a component type that there is not
step('train', { settings: { 'experiment-traker': { experiment: 'wines' } } }, () => 1);
// @ts-expect-error settings that are not in a group
step('train', { settings: { 'experiment-tracker': 'wines' } }, () => 1);
