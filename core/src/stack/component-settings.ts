import {
  ConfigMissingKey,
  ConfigUnknownKey,
  ConfigWrongType,
  isError,
  SecretInClear,
  SettingsMissingKey,
  SettingsSecretInClear,
  SettingsUnknownKey,
  SettingsWrongType,
} from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { splitTrackerSettings, TRACKER_SETTINGS, wrongTrackerSetting, type ReadTrackerSettings } from '../tracking/tracker-settings.ts';
import { refuseSecretsInClear, resolveConfig } from '../secrets/component-secrets.ts';
import { holdsReferences } from '../secrets/references.ts';
import { parseConfig } from './config-schema.ts';
import { orBroken } from './flavor-broken.ts';
import { flavorLabel } from './flavor-schema.ts';
import type { StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { noted } from './load-flavor.ts';
import type { AssemblyPlace } from './make-component.ts';
import type { SettableComponent } from './merged-settings.ts';

type SettingsPlace = Pick<AssemblyPlace, 'store' | 'project'>;

/** What a component of a stack takes as settings. The schema of its flavor is imported when somebody sets something, or when it is to fill in defaults. */
export class ComponentSettings {
  readonly component: SettableComponent;
  readonly #descriptor: StoredFlavor;
  readonly #place: SettingsPlace;

  constructor(component: SettableComponent, descriptor: StoredFlavor, place: SettingsPlace) {
    this.component = component;
    this.#descriptor = descriptor;
    this.#place = place;
  }

  /**
   * Checks what is set for it, as far as that is known without resolving references. `by`: who sets it, for messages.
   * @throws SettingsUnknownKey, SettingsMissingKey, SettingsWrongType, SettingsSecretInClear, FlavorBroken
   */
  async check(given: JsonObject, by: string): Promise<void> {
    const { type, name, flavor } = this.component;
    const of = `${type.replaceAll('-', ' ')} "${name}" (${flavor})`;
    const known = type === 'experiment-tracker' ? TRACKER_SETTINGS : [];
    try {
      refuseSecretsInClear({ ...this.component, config: given }, { config: this.#descriptor.settings });
      await this.#parse(known.length === 0 ? given : splitTrackerSettings(given).own);
    } catch (error) {
      throw settingsError(error, { by, of }, known);
    }
    const wrong = known.length === 0 ? undefined : wrongTrackerSetting(given);
    if (wrong !== undefined) throw new SettingsWrongType({ by, of, ...wrong });
  }

  /** What its schema makes of what is set for it: references resolved, defaults filled in. Throws what resolving references throws. */
  async read(given: JsonObject = {}): Promise<unknown> {
    return this.#parse(await this.#resolve(given), holdsReferences(given));
  }

  /** As `read`, for an experiment tracker: what core does itself stands apart. */
  async readTracker(given: JsonObject): Promise<ReadTrackerSettings> {
    const { known, own } = splitTrackerSettings(await this.#resolve(given));
    return { ...known, own: await this.#parse(own, holdsReferences(given)) };
  }

  #resolve(given: JsonObject): Promise<JsonObject> {
    const { settings } = this.#descriptor;
    return resolveConfig({ ...this.component, config: given }, { config: settings }, this.#place.store);
  }

  /** What a reference stands for is a text: also for a number. */
  async #parse(own: JsonObject, resolved = false): Promise<unknown> {
    const { settings } = await noted(this.#descriptor, this.#place, () => importFlavor(this.#descriptor, this.#place.project.root));
    if (settings === undefined && Object.keys(own).length === 0) return {};
    const schema = settings && (await orBroken(this.#descriptor, settings));
    return parseConfig(schema, own, { of: flavorLabel(this.#descriptor), stringsFromCommandLine: resolved });
  }
}

/** The error of a config, said of settings. `more`: keys that its schema does not list. */
function settingsError(error: unknown, whose: { by: string; of: string }, more: readonly string[]): unknown {
  if (isError(error, ConfigUnknownKey))
    return new SettingsUnknownKey({ ...whose, key: error.facts.key, known: [...(error.facts.known ?? []), ...more] });
  if (isError(error, ConfigMissingKey)) return new SettingsMissingKey({ ...whose, key: error.facts.key });
  if (isError(error, SecretInClear)) return new SettingsSecretInClear({ ...whose, key: error.facts.key });
  if (isError(error, ConfigWrongType)) return new SettingsWrongType({ ...whose, key: error.facts.key, reason: error.facts.reason });
  return error;
}
