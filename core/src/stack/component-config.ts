import type { JsonObject } from '../json.ts';
import type { Project } from '../project/project.ts';
import { keepSecretsInClear, refuseSecretsInClear, withKnownSecrets } from '../secrets/component-secrets.ts';
import { referencesIn } from '../secrets/references.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import type { ComponentType } from './component-types.ts';
import { checkConfig, type ParseConfigOptions } from './config-schema.ts';
import { currentDescriptor } from './current-flavor.ts';
import { orBroken } from './flavor-broken.ts';
import { flavorLabel, schemaOf } from './flavor-schema.ts';
import type { FlavorDescriptor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';

export interface ComponentConfigOptions {
  /** Texts in the config may stand for numbers, booleans, lists and objects. Default false. */
  stringsFromCommandLine?: boolean;
  /** Secret values may be given in clear text, and are stored as they are. Default false: write `{{secret.name.key}}`. */
  allowPlainSecrets?: boolean;
}

/**
 * A component's config as it is to be stored, checked whole against the schema of its flavor, which is imported. References stay in it; what secrets that are
 * there stand for is checked too.
 * @param component.stored what of the config is stored already: it may stay, be it secret or not
 * @throws UnknownFlavor, BadReference, SecretInClear, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, FlavorBroken
 */
export async function checkedConfig(
  place: { store: MetadataStore; project: Project },
  { type, name, flavor, config, stored }: { type: ComponentType; name: string; flavor: string; config: JsonObject; stored?: JsonObject },
  options: ComponentConfigOptions,
): Promise<JsonObject> {
  const descriptor = await currentDescriptor(findDescriptor(await flavorDescriptors(place.store), type, flavor), place);
  if (options.allowPlainSecrets !== true) refuseSecretsInClear({ type, name, config }, descriptor, stored);
  const given = await configFor(descriptor, config, place.project, options);
  const known = await withKnownSecrets({ type, name, config: given }, place.store);
  if (known !== undefined) await configFor(descriptor, known, place.project, { stringsFromCommandLine: true });
  return given;
}

/**
 * A config as a component of this flavor is stored with it. Imports the flavor.
 * @throws BadReference, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, FlavorBroken
 */
export async function configFor(
  descriptor: FlavorDescriptor,
  config: JsonObject,
  project: Project,
  options: Pick<ParseConfigOptions, 'stringsFromCommandLine' | 'absent'> = {},
): Promise<JsonObject> {
  const of = flavorLabel(descriptor);
  referencesIn(config, of);
  const schema = await schemaOf(await importFlavor(descriptor, project.root));
  // What is wrong with a value may be told with the value.
  keepSecretsInClear(config, descriptor);
  return (await orBroken(descriptor, () => checkConfig(schema, config, { ...options, of }))).given;
}
