import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { SecretDamaged, SecretsLocked } from '../errors.ts';
import type { SecretRecord } from '../store/stack-data.ts';
import type { SecretKey } from './secret-key.ts';

/** Values of a secret, by key. */
export type SecretValues = Record<string, string>;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1:';

/**
 * Encrypts the values of a secret: AES-256-GCM with a random nonce, bound to the store and the name, so that they open nowhere else.
 * `v1:` and base64 of nonce, ciphertext and tag.
 */
export function seal(values: SecretValues, { storeId, name, key }: { storeId: string; name: string; key: SecretKey }): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(boundTo(storeId, name));
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify(values), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return VERSION + sealed.toString('base64');
}

/**
 * The values of a secret. `looked`: where a key was looked for, if there is none.
 * @throws SecretsLocked, SecretDamaged
 */
export function unseal(
  secret: SecretRecord,
  { storeId, key, looked }: { storeId: string; key: SecretKey | undefined; looked: string },
): SecretValues {
  const { name, sealed, keyId } = secret;
  if (key === undefined) throw new SecretsLocked({ secret: name, why: looked });
  if (key.id !== keyId)
    throw new SecretsLocked({
      secret: name,
      why: `the key in ${key.place} is another one than it was sealed with (${key.id}, not ${keyId})`,
    });
  try {
    if (!sealed.startsWith(VERSION)) throw new Error('unknown form');
    const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(storeId, name)).setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString();
    return JSON.parse(text) as SecretValues;
  } catch (cause) {
    throw new SecretDamaged({ secret: name }, { cause });
  }
}

function boundTo(storeId: string, name: string): Buffer {
  return Buffer.from(`mortise secret\0${storeId}\0${name}`);
}
