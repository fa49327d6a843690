import { describeSchema } from './config-schema.ts';
import type { ConfigKey, ConfigSchema, Flavor, FlavorDescriptor } from './flavor.ts';

/**
 * What the store keeps of a flavor, so that listing and describing import nothing.
 * @param source what was imported, e.g. `@mortise/flavor-local#flavors`
 * @param version of the package it comes from
 */
export async function describeFlavor(flavor: Flavor, source: string, version: string): Promise<FlavorDescriptor> {
  const { apiVersion, type, name, docs, secrets } = flavor;
  const [config, settings] = await Promise.all([keysOf(flavor.config, secrets), keysOf(flavor.settings, secrets)]);
  return { apiVersion, type, name, source, version, ...(docs !== undefined && { docs }), config, settings };
}

async function keysOf(schema: (() => Promise<ConfigSchema>) | undefined, secrets: readonly string[] | undefined): Promise<ConfigKey[]> {
  return schema === undefined ? [] : describeSchema(await schema(), secrets);
}
