import { createHmac, randomBytes } from 'node:crypto';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf } from './provisioned.ts';
import type { RealServer } from './real-server.ts';
import { startServer } from './restartable-process.ts';

export interface AzuriteCredentials {
  /** Name of the one account there is. */
  readonly account: string;
  /** Its key, in base64. */
  readonly accountKey: string;
}

export interface AzuriteAdministration {
  /** Makes an empty container and returns its name: `prefix` and a random part. */
  createContainer(prefix?: string): Promise<string>;
}

/** A server that speaks the REST API of Azure Blob Storage, checks signatures, and has one account, at `<url>/<account>`. */
export interface AzuriteServer extends RealServer, AzuriteCredentials, AzuriteAdministration {}

/** A signature for everything in the account, as a query: the API has no route that answers 200 without one. */
function accountSas({ account, accountKey }: AzuriteCredentials): string {
  const values = { sp: 'rwdlac', ss: 'b', srt: 'sco', st: '', se: '2999-01-01T00:00:00Z', sip: '', spr: '', sv: '2019-12-12' };
  const text = [account, ...Object.values(values)].map((line) => `${line}\n`).join('');
  const sig = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(text).digest('base64');
  const given = Object.entries(values).filter(([, value]) => value !== '');
  return new URLSearchParams([...given, ['sig', sig]]).toString();
}

export function azuriteAdministration(url: string, credentials: AzuriteCredentials): AzuriteAdministration {
  return {
    async createContainer(prefix = 'test') {
      const name = `${prefix}-${randomBytes(6).toString('hex')}`;
      const place = `${url}/${credentials.account}/${name}?restype=container&${accountSas(credentials)}`;
      const answer = await fetch(place, { method: 'PUT' });
      if (!answer.ok) throw new Error(`no container could be made: ${answer.status} ${await answer.text()}`);
      return name;
    },
  };
}

/**
 * Starts Azurite, Microsoft's emulator of its storage, with a key of its own. What it is given stays in its memory. Takes some seconds.
 * @throws Error when it is not on this machine, or ends at its start
 */
export async function startAzurite(options: { port?: number } = {}): Promise<AzuriteServer> {
  const credentials = { account: `test${randomBytes(6).toString('hex')}`, accountKey: randomBytes(64).toString('base64') };
  const { url, stop } = await startServer({
    name: 'azurite',
    port: options.port,
    command: process.execPath,
    args: (_folder, port) => [
      ...[programOf('azurite'), '--blobHost', '127.0.0.1', '--blobPort', String(port), '--inMemoryPersistence'],
      // Its releases know the versions of the API only some months after the SDK does.
      ...['--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    ],
    env: cleanEnvironment({ AZURITE_ACCOUNTS: `${credentials.account}:${credentials.accountKey}` }),
    healthPath: `/${credentials.account}/?comp=list&${accountSas(credentials)}`,
    prepare: async () => {},
    startTimeout: 180_000,
  });
  return { url, stop, ...credentials, ...azuriteAdministration(url, credentials) };
}
