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
import { flavorLabel, schemaOf } from './flavor-schema.ts';
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
    await this.#saying(by, async () => {
      refuseSecretsInClear({ ...this.component, config: given }, { config: this.#descriptor.settings });
      await this.#parse(this.#isTracker ? splitTrackerSettings(given).own : given);
      if (this.#isTracker) this.#checkKnown(given, by);
    });
  }

  /**
   * What its schema makes of what is set for it: references resolved, defaults filled in. `by`: who sets it, for messages.
   * @throws SettingsUnknownKey, SettingsMissingKey, SettingsWrongType, FlavorBroken, and what resolving references throws
   */
  async read(given: JsonObject, by: string): Promise<unknown> {
    return this.#saying(by, async () => this.#parse(await this.#resolve(given, by), holdsReferences(given)));
  }

  /** As `read`, for an experiment tracker: what core does itself stands apart. */
  async readTracker(given: JsonObject, by: string): Promise<ReadTrackerSettings> {
    return this.#saying(by, async () => {
      const resolved = await this.#resolve(given, by);
      this.#checkKnown(resolved, by);
      const { known, own } = splitTrackerSettings(resolved);
      return { ...known, own: await this.#parse(own, holdsReferences(given)) };
    });
  }

  /** Checks what is set for it with its references resolved. Throws as `read`. */
  async checkResolved(given: JsonObject, by: string): Promise<void> {
    await (this.#isTracker ? this.readTracker(given, by) : this.read(given, by));
  }

  get #isTracker(): boolean {
    return this.component.type === 'experiment-tracker';
  }

  get #label(): string {
    const { type, name, flavor } = this.component;
    return `${type.replaceAll('-', ' ')} "${name}" (${flavor})`;
  }

  #resolve(given: JsonObject, by: string): Promise<JsonObject> {
    const { settings } = this.#descriptor;
    return resolveConfig({ ...this.component, config: given }, { config: settings }, this.#place.store, by);
  }

  /** What core itself takes of them. */
  #checkKnown(given: JsonObject, by: string): void {
    const wrong = wrongTrackerSetting(given);
    if (wrong !== undefined) throw new SettingsWrongType({ by, of: this.#label, ...wrong });
  }

  async #saying<T>(by: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw settingsError(error, { by, of: this.#label }, this.#isTracker ? TRACKER_SETTINGS : []);
    }
  }

  /** What a reference stands for is a text: also for a number. */
  async #parse(own: JsonObject, resolved = false): Promise<unknown> {
    const flavor = await noted(this.#descriptor, this.#place, () => importFlavor(this.#descriptor, this.#place.project.root));
    if (flavor.settings === undefined && Object.keys(own).length === 0) return {};
    const schema = await schemaOf(flavor, 'settings');
    const options = { of: flavorLabel(this.#descriptor), stringsFromCommandLine: resolved };
    return orBroken(this.#descriptor, () => parseConfig(schema, own, options));
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
