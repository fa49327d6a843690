import { generateKeyPairSync } from 'node:crypto';

/** The JSON text of a key, as Google gives it for a service account; nobody knows it. */
export function serviceAccount(changed: object = {}): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return JSON.stringify({
    type: 'service_account',
    project_id: 'our-project',
    private_key_id: '0123',
    private_key: privateKey,
    client_email: 'mortise@our-project.iam.gserviceaccount.com',
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
    ...changed,
  });
}
