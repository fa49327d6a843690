import type { JsonObject } from '../json.ts';
import type { ComponentType } from '../stack/component-types.ts';
import { isReference } from '../stack/config-reference.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';

/** What stands for a secret that was stored in clear text. */
const MASK = '***';

/** A component as it may be shown: values of its flavor's secret keys are masked, references to secrets stay. */
export function maskSecrets<C extends { type: ComponentType; flavor: string; config: JsonObject }>(
  component: C,
  flavors: readonly FlavorDescriptor[],
): C {
  const descriptor = flavors.find(({ type, name }) => type === component.type && name === component.flavor);
  const secret = new Set(descriptor?.config.filter((key) => key.secret).map(({ key }) => key));
  const entries = Object.entries(component.config).map(([key, value]) => [key, secret.has(key) && !isReference(value) ? MASK : value]);
  return { ...component, config: Object.fromEntries(entries) as JsonObject };
}
