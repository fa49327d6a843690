import {
  BadReference,
  EnvMissing,
  isError,
  isMortiseError,
  ReferencesMissing,
  SecretKeyMissing,
  SecretMissing,
  type MortiseError,
} from '../errors.ts';
import type { Json } from '../json.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { keepSecret } from './kept-secrets.ts';
import { badReference, holdsReferences, referencesIn, replaceReferences, type Reference } from './references.ts';
import type { SecretValues } from './seal.ts';

/** Where secrets are read. */
export type SecretStore = Pick<MetadataStore, 'id' | 'secret' | 'secrets'>;

/** A value that may hold references, and whose it is: `experiment tracker "mlflow"`. */
export interface ReferenceUse {
  value: Json;
  of: string;
}

export interface ResolveOptions {
  of: string;
  /** The whole value is secret: what comes from the environment is masked from now on too. Values of secrets always are. */
  secret?: boolean;
}

/**
 * A value with every `{{secret.name.key}}` and `{{env.NAME}}` in its texts replaced, the same value where there is none. Object keys are left.
 * @throws BadReference, SecretMissing, SecretKeyMissing, EnvMissing, SecretsLocked, SecretDamaged, SecretKeyInvalid, SecretKeyReadable
 */
export async function resolveReferences<J extends Json>(value: J, store: SecretStore, { of, secret = false }: ResolveOptions): Promise<J> {
  if (!holdsReferences(value)) return value;
  const values = new ReferencedValues(store);
  const texts = new Map<string, string>();
  for (const reference of referencesIn(value, of)) {
    const text = await values.of(reference, of);
    if (secret) keepSecret(text);
    texts.set(reference.text, text);
  }
  return replaced(value, of, texts) as J;
}

/** What is wrong with the references of these values, each reference once, however many hold it. */
export async function missingReferences(uses: readonly ReferenceUse[], store: SecretStore): Promise<MortiseError[]> {
  const values = new ReferencedValues(store);
  const missing = new Map<string, MortiseError>();
  const seen = new Set<string>();
  const isNew = (text: string): boolean => !seen.has(text) && seen.add(text).has(text);
  for (const { value, of } of uses) {
    const found = referencesIn(value, of, (text) => {
      if (isNew(text)) missing.set(text, badReference(of, text));
    });
    for (const reference of found) {
      if (!isNew(reference.text)) continue;
      try {
        await values.of(reference, of);
      } catch (error) {
        if (!isMortiseError(error)) throw error;
        // A secret that cannot be opened is said once, whatever is asked of it.
        missing.set(error.message, error);
      }
    }
  }
  return [...missing.values()];
}

/**
 * Looks that all references have a value.
 * @throws what `resolveReferences` throws, or ReferencesMissing for several
 */
export async function requireReferences(uses: readonly ReferenceUse[], store: SecretStore): Promise<void> {
  const [first, ...others] = await missingReferences(uses, store);
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const all = [first, ...others];
  const malformed = all.filter((error) => isError(error, BadReference)).map(({ facts: { text, of } }) => `${text} in ${of}`);
  const missing = all.filter((error) => !isError(error, BadReference)).map(({ message }) => message);
  throw new ReferencesMissing({ missing, malformed }, { cause: first });
}

/** Opens each secret once. Its values are masked from now on in all that Mortise writes or sends. */
class ReferencedValues {
  readonly #store: SecretStore;
  readonly #secrets = new Map<string, Promise<SecretValues | undefined>>();

  constructor(store: SecretStore) {
    this.#store = store;
  }

  async of(reference: Reference, of: string): Promise<string> {
    if (reference.kind === 'env') {
      const { variable } = reference;
      const value = process.env[variable];
      if (value === undefined) throw new EnvMissing({ of, reference: reference.text, variable });
      return value;
    }
    const { secret, key, text } = reference;
    const values = await this.#open(secret);
    if (values === undefined) {
      const { items } = await this.#store.secrets({ limit: 1000 });
      throw new SecretMissing({ of, reference: text, secret, key, known: items.map(({ name }) => name) });
    }
    if (!Object.hasOwn(values, key)) throw new SecretKeyMissing({ of, reference: text, secret, key, known: Object.keys(values) });
    keepSecret(values[key]!);
    return values[key]!;
  }

  #open(name: string): Promise<SecretValues | undefined> {
    let opened = this.#secrets.get(name);
    if (opened === undefined) this.#secrets.set(name, (opened = openSecret(name, this.#store)));
    return opened;
  }
}

/** What it takes is loaded only where there is a secret. */
async function openSecret(name: string, store: SecretStore): Promise<SecretValues | undefined> {
  const record = await store.secret(name);
  if (record === undefined) return undefined;
  const [{ unseal }, { findSecretKey, whereKeysAre }] = await Promise.all([import('./seal.ts'), import('./secret-key.ts')]);
  return unseal(record, { storeId: store.id, key: findSecretKey(), looked: whereKeysAre() });
}

function replaced(value: Json, of: string, texts: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return replaceReferences(value, of, ({ text }) => texts.get(text)!);
  if (Array.isArray(value)) return value.map((item) => replaced(item, of, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replaced(part, of, texts)]));
}
