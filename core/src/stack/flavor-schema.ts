import { orBroken } from './flavor-broken.ts';
import type { ConfigSchema, Flavor, FlavorDescriptor } from './flavor.ts';

/** A flavor in messages: `artifact store flavor "local"`. */
export function flavorLabel({ type, name }: Pick<FlavorDescriptor, 'type' | 'name'>): string {
  return `${type.replaceAll('-', ' ')} flavor "${name}"`;
}

/**
 * Imports the config schema of a flavor; undefined for a flavor that takes no config.
 * @throws FlavorBroken
 */
export async function schemaOf(flavor: Flavor): Promise<ConfigSchema | undefined> {
  return flavor.config === undefined ? undefined : orBroken(flavor, flavor.config);
}
