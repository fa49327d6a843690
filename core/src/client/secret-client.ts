import { checkOptions } from '../check-options.ts';
import { checkObjects, checkTexts } from '../check-texts.ts';
import { SHORTEST_MASKED } from '../secrets/masked-forms.ts';
import type { SecretChange, SecretRegistry } from '../secrets/secret-registry.ts';
import type { SecretQuery } from '../store/queries.ts';
import type { SecretRecord } from '../store/stack-data.ts';
import { checkQuery } from './check-query.ts';
import { listing, type Listing } from './listings.ts';
import { isoTime, isoTimeOrNull } from './pipeline-run-view.ts';
import { ProjectClient } from './project-client.ts';

/** A secret without its values. */
export interface SecretView {
  name: string;
  /** Names of its keys, in alphabetical order. */
  keys: string[];
  createdAt: string;
  /** Of the last change of its values; null: it is as it was made. */
  updatedAt: string | null;
}

/** A secret with its values, by key. */
export interface RevealedSecret extends SecretView {
  values: Record<string, string>;
}

/** A secret that was written. */
export interface WrittenSecret extends SecretView {
  /** Keys whose values have fewer than 4 characters: they cannot be masked where they turn up in logs and errors. */
  unmasked: string[];
}

/** The part of the client that reads and edits secrets. Their values are encrypted in the store with a key that is not. */
export class SecretClient extends ProjectClient {
  /**
   * Stores values by key, encrypted with the key in `MORTISE_SECRET_KEY`, else with that in the user's `secret.key`, which is made if there is none.
   * @throws BadName, BadSecret, NameTaken, SecretKeyInvalid, SecretKeyReadable, FolderNotWritable
   */
  async createSecret(name: string, values: Record<string, string>): Promise<WrittenSecret> {
    checkTexts('createSecret()', { name });
    checkObjects('createSecret()', { values });
    const registry = await this.secrets();
    return written(await registry.create(name, values), values);
  }

  /** Sets some values and removes others; the rest stays. Throws `UnknownSecret`, `BadSecret`, `SecretsLocked`, `SecretDamaged`. */
  async updateSecret(name: string, change: SecretChange): Promise<WrittenSecret> {
    checkTexts('updateSecret()', { name });
    checkObjects('updateSecret()', { change });
    // A value that is set under a misspelt name would be taken for changed.
    checkOptions('updateSecret()', change, { set: 'object', remove: 'list' });
    const registry = await this.secrets();
    return written(await registry.update(name, change), change.set ?? {});
  }

  /** Throws `UnknownSecret`. */
  async getSecret(name: string): Promise<SecretView> {
    checkTexts('getSecret()', { name });
    return secretView(await (await this.secrets()).find(name));
  }

  /** Throws `UnknownSecret`, `SecretsLocked`, `SecretDamaged`, `SecretKeyInvalid`, `SecretKeyReadable`. */
  async revealSecret(name: string): Promise<RevealedSecret> {
    checkTexts('revealSecret()', { name });
    const registry = await this.secrets();
    return { ...secretView(await registry.find(name)), values: await registry.values(name) };
  }

  /** By name. */
  async listSecrets(query: SecretQuery = {}): Promise<Listing<SecretView>> {
    checkQuery('listSecrets', query);
    const { store } = await this.open();
    return listing(await store.secrets(query), secretView);
  }

  /** What refers to it does not find it any more. Throws `UnknownSecret`. */
  async deleteSecret(name: string): Promise<void> {
    checkTexts('deleteSecret()', { name });
    await (await this.secrets()).delete(name);
  }

  private async secrets(): Promise<SecretRegistry> {
    const { store } = await this.open();
    const { SecretRegistry } = await import('../secrets/secret-registry.ts');
    return new SecretRegistry(store);
  }
}

function secretView({ name, keys, createdAt, updatedAt }: SecretRecord): SecretView {
  return { name, keys, createdAt: isoTime(createdAt), updatedAt: isoTimeOrNull(updatedAt) };
}

function written(record: SecretRecord, values: Record<string, string>): WrittenSecret {
  return { ...secretView(record), unmasked: Object.keys(values).filter((key) => values[key]!.length < SHORTEST_MASKED) };
}
