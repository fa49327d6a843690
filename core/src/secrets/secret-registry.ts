import { BadSecret, NameTaken, UnknownSecret } from '../errors.ts';
import { checkName } from '../stack/component-name.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { SecretRecord } from '../store/stack-data.ts';
import { untilUndisturbed } from '../store/until-undisturbed.ts';
import { seal, unseal, type SecretValues } from './seal.ts';
import { findOrMakeSecretKey, findSecretKey, whereKeysAre } from './secret-key.ts';

/** Values to set and keys to remove; the others stay. */
export interface SecretChange {
  set?: SecretValues;
  remove?: readonly string[];
}

const KEY = /^[A-Za-z0-9_-]{1,128}$/;
/** A value is looked for in all that is written, in many forms. */
const MOST_BYTES = 1_000_000;

/** The secrets of a project. Every check is made before anything is stored. */
export class SecretRegistry {
  readonly #store: MetadataStore;

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  /**
   * Where the user has no key yet, one is made.
   * @throws BadName, BadSecret, NameTaken, SecretKeyInvalid, SecretKeyReadable, SecretKeyHomeless, FolderNotWritable
   */
  async create(name: string, values: SecretValues): Promise<SecretRecord> {
    checkName('secret', name);
    checkValues(name, values);
    if ((await this.#store.secret(name)) !== undefined) throw new NameTaken({ kind: 'secret', name });
    const record = this.#sealed(name, values, { createdAt: Date.now() });
    await this.#store.createSecret(record);
    return record;
  }

  /** Throws UnknownSecret, BadSecret, and what `values` throws. */
  async update(name: string, { set = {}, remove = [] }: SecretChange): Promise<SecretRecord> {
    return untilUndisturbed(async () => {
      const before = await this.find(name);
      const values = { ...this.#open(before), ...set };
      for (const key of remove) {
        if (!Object.hasOwn(values, key))
          throw new BadSecret({ name, reason: `has no key "${key}"`, advice: `It has: ${before.keys.join(', ')}.` });
        delete values[key];
      }
      checkValues(name, values);
      const record = this.#sealed(name, values, { createdAt: before.createdAt, updatedAt: Date.now() });
      await this.#store.updateSecret(record, before.sealed);
      return record;
    });
  }

  /** Throws UnknownSecret. */
  async find(name: string): Promise<SecretRecord> {
    const record = await this.#store.secret(name);
    if (record !== undefined) return record;
    const { items } = await this.#store.secrets({ limit: 1000 });
    throw new UnknownSecret({ name, known: items.map((item) => item.name) });
  }

  /** Throws UnknownSecret, SecretsLocked, SecretDamaged, SecretKeyInvalid, SecretKeyReadable. */
  async values(name: string): Promise<SecretValues> {
    return this.#open(await this.find(name));
  }

  /** Throws UnknownSecret. */
  async delete(name: string): Promise<void> {
    await this.find(name);
    await this.#store.deleteSecret(name);
  }

  #open(record: SecretRecord): SecretValues {
    return unseal(record, { storeId: this.#store.id, key: findSecretKey(), looked: whereKeysAre() });
  }

  #sealed(name: string, values: SecretValues, times: Pick<SecretRecord, 'createdAt' | 'updatedAt'>): SecretRecord {
    const key = findOrMakeSecretKey();
    return {
      name,
      keys: Object.keys(values).sort(),
      sealed: seal(values, { storeId: this.#store.id, name, key }),
      keyId: key.id,
      ...times,
    };
  }
}

function checkValues(name: string, values: SecretValues): void {
  if (Object.keys(values).length === 0) throw new BadSecret({ name, reason: 'would have no key', advice: 'Name at least one.' });
  for (const [key, value] of Object.entries(values)) {
    if (!KEY.test(key))
      throw new BadSecret({ name, reason: `cannot have the key ${JSON.stringify(key)}`, advice: 'Use letters, digits, "_" and "-".' });
    if (typeof value !== 'string' || value === '') throw new BadSecret({ name, reason: `needs a value for its key "${key}"` });
    if (Buffer.byteLength(value) > MOST_BYTES)
      throw new BadSecret({ name, reason: `cannot have more than ${MOST_BYTES.toLocaleString('en')} bytes as its "${key}"` });
  }
}
