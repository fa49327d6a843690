import type { JsonObject } from '../json.ts';
import { maskConfig, secretsInClear } from '../secrets/component-secrets.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';

/**
 * A component as it may be shown: values of its flavor's secret keys are masked, references to secrets stay. Of a flavor that is not registered nobody knows
 * which keys are secret: all are masked.
 */
export function maskSecrets<C extends { type: ComponentType; flavor: string; config: JsonObject }>(
  component: C,
  flavors: readonly FlavorDescriptor[],
): C {
  const descriptor = flavors.find(({ type, name }) => type === component.type && name === component.flavor);
  const inClear = descriptor === undefined ? Object.keys(component.config) : secretsInClear(component.config, descriptor);
  return { ...component, config: maskConfig(component.config, inClear) };
}
