import type { ExperimentTracker } from '../tracking/experiment-tracker.ts';
import type { Alerter } from './alerter.ts';
import { defineFlavor, type NativeOf } from './define-flavor.ts';
import type { ComponentContext } from './flavor.ts';

interface Handle {
  logModel(name: string): void;
}
declare class ServerConfig {
  uri: string;
}
declare const tracker: ExperimentTracker<Handle>;
declare const alerter: Alerter;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

const server = defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'server',
  secrets: ['token'],
  config: async () => ServerConfig,
  load: async () => ({ create: async ({ config }: ComponentContext<ServerConfig>) => (config.uri ? tracker : tracker) }),
});
const bell = defineFlavor({
  apiVersion: 1,
  type: 'alerter',
  name: 'bell',
  load: async () => ({ create: async ({ name }) => (name ? alerter : alerter) }),
});

holds<Equal<NativeOf<typeof server>, Handle>>();
holds<Equal<NativeOf<typeof bell>, never>>();
holds<Equal<(typeof server)['type'], 'experiment-tracker'>>();

// @ts-expect-error an implementation of another type
defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'x', load: async () => ({ create: async () => alerter }) });
// @ts-expect-error no such component type
defineFlavor({ apiVersion: 1, type: 'alarm', name: 'x', load: async () => ({ create: async () => alerter }) });
defineFlavor({
  apiVersion: 1,
  type: 'alerter',
  name: 'x',
  // @ts-expect-error a misspelt member
  setings: async () => ServerConfig,
  load: async () => ({ create: async () => alerter }),
});
// @ts-expect-error the schema itself instead of a function that imports it
defineFlavor({ apiVersion: 1, type: 'alerter', name: 'x', config: ServerConfig, load: async () => ({ create: async () => alerter }) });
