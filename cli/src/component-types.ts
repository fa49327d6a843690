// The table is taken into the bundle: what `--help` lists must not cost the loading of core, and the table must not be written twice.
export { COMPONENT_TYPES } from '../../core/src/stack/component-types.ts';
export type { ComponentType } from '@mortise/core/client';
