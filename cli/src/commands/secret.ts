import type { RevealedSecret, SecretView, WrittenSecret } from '@mortise/core/client';
import { count } from '../count.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { writeUnmasked } from '../mask-output.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { secretValues, type SecretSources } from '../secret-values.ts';
import { facts, table } from '../table.ts';

export async function createSecret(name: string, keys: string[], sources: SecretSources): Promise<void> {
  await withClient(async (client, core) => {
    if (keys.length === 0 && sources.fromEnv === undefined && sources.fromFile === undefined)
      throw new core.BadUsage({ what: `secret create ${name} names no key`, advice: 'Name one, or add --from-env or --from-file.' });
    const values = await secretValues(keys, sources, core);
    say('created', await client.createSecret(name, values));
  });
}

export async function updateSecret(
  name: string,
  keys: string[],
  { remove, ...sources }: SecretSources & { remove?: string[] },
): Promise<void> {
  await withClient(async (client, core) => {
    // Nobody is asked for the values of a secret that is not there.
    await client.getSecret(name);
    const set = await secretValues(keys, sources, core);
    if (Object.keys(set).length === 0 && remove === undefined)
      throw new core.BadUsage({
        what: `secret update ${name}: nothing to change`,
        advice: 'Name a key, or add --from-env, --from-file or --remove.',
      });
    say('updated', await client.updateSecret(name, { set, ...(remove !== undefined && { remove }) }));
  });
}

export async function getSecret(
  name: string,
  key: string | undefined,
  { reveal = false, output }: { reveal?: boolean; output: OutputFormat },
): Promise<void> {
  await withClient(async (client, core) => {
    if (!reveal && key !== undefined)
      throw new core.BadUsage({ what: `the value of "${key}" is not printed unasked`, advice: 'Add --reveal to print it in clear text.' });
    if (!reveal) return print(await client.getSecret(name), output, secretText);
    const secret = await client.revealSecret(name);
    if (key === undefined) return print(secret, output, revealedText);
    const value = Object.hasOwn(secret.values, key) ? secret.values[key] : undefined;
    if (value === undefined)
      throw new core.BadSecret({ name, reason: `has no key "${key}"`, advice: `It has: ${secret.keys.join(', ')}.` });
    // As it is, to the last character: it may go into a file.
    if (output === 'table') return writeUnmasked(`${value}\n`);
    return print({ ...secret, values: { [key]: value } }, output, String);
  });
}

export async function listSecrets({ output, limit, after, name }: ListOptions & { name?: string }): Promise<void> {
  await withClient(async (client, core) => {
    const secrets = await client.listSecrets({ ...listOptions({ limit, after }, core), ...(name !== undefined && { name }) });
    await print(secrets, output, ({ items, next }) => {
      const rows = items.map((secret) => [secret.name, secret.keys.join(', '), secret.createdAt, secret.updatedAt ?? '']);
      return table(['NAME', 'KEYS', 'CREATED', 'UPDATED'], rows) + nextPageHint(next);
    });
  });
}

export async function deleteSecret(name: string): Promise<void> {
  await withClient(async (client) => {
    await client.deleteSecret(name);
    printLine(`deleted secret "${name}"`);
  });
}

function say(done: string, { name, keys, unmasked }: WrittenSecret): void {
  printLine(`${done} secret "${name}" (${count(keys.length, 'key')}: ${keys.join(', ')})`);
  for (const key of unmasked)
    process.stderr.write(
      `warning the value of "${key}" has fewer than 4 characters: it is not masked where it turns up in logs and errors\n`,
    );
}

function secretText({ name, keys, createdAt, updatedAt }: SecretView): string {
  return facts([
    ['name', name],
    ['keys', keys.join(', ')],
    ['created', createdAt],
    ...(updatedAt === null ? [] : [['updated', updatedAt] as const]),
  ]);
}

function revealedText({ values, keys }: RevealedSecret): string {
  return table(
    ['KEY', 'VALUE'],
    keys.map((key) => [key, values[key]!]),
  );
}
