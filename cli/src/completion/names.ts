import type { Client } from '@mortise/core/client';
import { projectCore } from '../project-core.ts';
import type { Candidate } from './candidates.ts';
import type { Named } from './named-by.ts';

/** So many names of a kind are offered: more would only fill the screen. */
const LIMIT = 200;

/** Names out of the project's store; none where there is no project, or it cannot be read: a person who completes a word has not asked yet. */
export async function namesInProject(named: Named): Promise<Candidate[]> {
  try {
    const { Client } = await projectCore();
    const client = new Client();
    try {
      return await namesOf(client, named);
    } finally {
      await client.close();
    }
  } catch {
    return [];
  }
}

async function namesOf(client: Client, named: Named): Promise<Candidate[]> {
  switch (named.kind) {
    case 'stack':
      return (await client.listStacks({ limit: LIMIT })).items.map(({ name, active }) => candidate(name, active ? 'active' : ''));
    case 'run': {
      const { items } = await client.listRuns({ limit: LIMIT });
      return [candidate('latest'), ...items.map(({ name, pipeline, status }) => candidate(name, `${pipeline}, ${status}`))];
    }
    case 'pipeline':
    case 'experiment': {
      const { kind } = named;
      const { items } = await client.listRuns({ limit: LIMIT });
      return [...new Set(items.map((run) => run[kind]))].map((name) => candidate(name));
    }
    case 'component': {
      const { items } = await client.listComponents({ type: named.type, limit: LIMIT });
      return items.map(({ name, flavor }) => candidate(name, flavor));
    }
    case 'flavor':
      return (await client.listFlavors(named.type)).items.map(({ name, source }) => candidate(name, source));
    case 'config-key': {
      const flavor = named.flavor ?? (named.component && (await client.getComponent(named.type, named.component)).flavor);
      if (!flavor) return [];
      const { config } = await client.getFlavor(named.type, flavor);
      return config.map(({ key, description }) => candidate(`--${key}=`, description));
    }
    case 'attribute': {
      if (named.component === undefined) return [];
      const { config } = await client.getComponent(named.type, named.component);
      return Object.keys(config).map((key) => candidate(key));
    }
    case 'secret':
      return (await client.listSecrets({ limit: LIMIT })).items.map(({ name }) => candidate(name));
    case 'secret-key':
      return named.secret === undefined ? [] : (await client.getSecret(named.secret)).keys.map((key) => candidate(key));
  }
}

const candidate = (value: string, description = ''): Candidate => ({ value, description });
