import { fromValueJson, toValueJson } from '../value-json.ts';
import { EVENTS, HISTORY, idOf, newRun, OUTPUT, SUMMARY, type RecordedArtifact, type RecordedRun } from './recorded-run.ts';

type Variables = Record<string, unknown>;

/** All that the recorder holds. */
export interface RecorderState {
  url: string;
  entity: string;
  runs: Map<string, RecordedRun>;
  artifacts: RecordedArtifact[];
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const keyOf = (entity: string, project: string, name: string): string => `${entity}/${project}/${name}`;

/** What the server says to one operation; undefined for those that it does not know. */
export function answerOf(state: RecorderState, operation: string, variables: Variables): unknown {
  switch (operation) {
    case 'Viewer': {
      const team = { node: { id: idOf('Entity', state.entity), name: state.entity, isTeam: false } };
      const who = { entity: state.entity, username: state.entity, name: state.entity, email: 'user@example.invalid' };
      return { viewer: { id: idOf('User', '1'), ...who, admin: false, flags: '{}', teams: { edges: [team] } } };
    }
    case 'ServerFeaturesQuery':
      return { serverInfo: { features: [] } };
    case 'ServerInfo':
      return { serverInfo: { cliVersionInfo: { max_cli_version: '99.0.0' }, latestLocalVersionInfo: null, features: [] } };
    case 'OrganizationCoreWeaveOrganizationID':
    case 'FetchOrgEntityFromEntity':
      return { entity: { organization: null } };
    case 'UpsertBucket':
      return { upsertBucket: upsert(state, variables) };
    case 'RunResumeStatus':
      return { model: resumeStatus(state, variables) };
    case 'RunStoppedStatus':
      return { project: { run: { stopped: false } } };
    case 'CreateRunFiles':
      return { createRunFiles: runFiles(state, variables) };
    case 'NotifyScriptableRunAlert': {
      const { entityName, projectName, runName, ...alert } = variables;
      runOf(state, entityName, projectName, runName).alerts.push(alert);
      return { notifyScriptableRunAlert: { success: true } };
    }
    case 'ClientIDMapping':
      return { clientIDMapping: null };
    default:
      return artifactAnswerOf(state, operation, variables);
  }
}

export function runOf(state: RecorderState, entity: unknown, project: unknown, name: unknown): RecordedRun {
  const [e, p, n] = [text(entity) ?? state.entity, text(project) ?? 'uncategorized', text(name) ?? 'nameless'];
  const run = state.runs.get(keyOf(e, p, n)) ?? newRun(e, p, n);
  state.runs.set(keyOf(e, p, n), run);
  return run;
}

function upsert(state: RecorderState, variables: Variables): unknown {
  const before = state.runs.size;
  const run = runOf(state, variables['entity'], variables['project'], variables['name']);
  const given = (name: string): unknown => variables[name] ?? undefined;
  for (const field of ['displayName', 'groupName', 'jobType', 'notes', 'tags', 'host', 'program', 'commit', 'repo'] as const)
    if (given(field) !== undefined) Object.assign(run, { [field]: given(field) });
  const config = text(variables['config']);
  if (config !== undefined) run.config = fromValueJson(config) as RecordedRun['config'];
  return { bucket: bucketOf(run), inserted: state.runs.size > before };
}

function bucketOf(run: RecordedRun): Record<string, unknown> {
  const { entity, project, name, displayName, config } = run;
  return {
    ...{
      id: idOf('Run', 'v1', name, project, entity),
      name,
      displayName,
      description: null,
      config: toValueJson(config),
      sweepName: null,
    },
    project: projectOf(entity, project),
    historyLineCount: run.streams[HISTORY]?.length ?? 0,
  };
}

const projectOf = (entity: string, project: string): Record<string, unknown> => ({
  id: idOf('Project', project, entity),
  name: project,
  entity: { id: idOf('Entity', entity), name: entity },
});

function resumeStatus(state: RecorderState, { entity, project, name }: Variables): unknown {
  const [e, p, n] = [text(entity) ?? state.entity, text(project) ?? 'uncategorized', text(name) ?? ''];
  const run = state.runs.get(keyOf(e, p, n));
  if (run === undefined) return { ...projectOf(e, p), bucket: null };
  const { streams, config, tags, notes } = run;
  const [history = [], events = [], output = []] = [streams[HISTORY], streams[EVENTS], streams[OUTPUT]];
  const { t } = (config['_wandb']?.value ?? {}) as { t?: unknown };
  const counts = { historyLineCount: history.length, eventsLineCount: events.length, logLineCount: output.length };
  const tails = { historyTail: JSON.stringify(history.slice(-1)), eventsTail: JSON.stringify(events.slice(-1)) };
  const summaryMetrics = streams[SUMMARY]?.at(-1) ?? '{}';
  const wandbConfig = JSON.stringify(t === undefined ? {} : { t });
  return { ...projectOf(e, p), bucket: { ...bucketOf(run), ...counts, ...tails, summaryMetrics, wandbConfig, tags, notes } };
}

function runFiles(state: RecorderState, { entity, project, run, files }: Variables): unknown {
  const { entity: e, project: p, name } = runOf(state, entity, project, run);
  const uploadUrl = (path: string): string => `${state.url}/storage/run/${keyOf(e, p, name)}/${encodePath(path)}`;
  return { runID: name, uploadHeaders: [], files: (files as string[]).map((path) => ({ name: path, uploadUrl: uploadUrl(path) })) };
}

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

function artifactAnswerOf(state: RecorderState, operation: string, variables: Variables): unknown {
  const input = (variables['input'] ?? variables) as Variables;
  switch (operation) {
    case 'ArtifactType':
      return { project: { artifact: null } };
    case 'CreateArtifact':
      return { createArtifact: { artifact: createArtifact(state, input) } };
    case 'CreateArtifactManifest': {
      const uploadUrl = `${state.url}/storage/manifest/${indexOf(state, input['artifactID'])}`;
      const file = { id: idOf('File', '1'), name: 'wandb_manifest.json', uploadUrl, uploadHeaders: [] };
      return { createArtifactManifest: { artifactManifest: { id: idOf('ArtifactManifest', '1'), file } } };
    }
    case 'CreateArtifactFiles': {
      const edges = (input['artifactFiles'] as Variables[]).map((file) => ({ node: artifactFile(state, file) }));
      return { createArtifactFiles: { files: { edges } } };
    }
    case 'CommitArtifact': {
      const artifact = state.artifacts[indexOf(state, input['artifactID'])]!;
      artifact.committed = true;
      return { commitArtifact: { artifact: { id: artifact.id, digest: artifact.digest } } };
    }
    case 'UseArtifact':
      return { useArtifact: { artifact: { id: input['artifactID'], digest: '', description: null, aliases: [] } } };
    default:
      return undefined;
  }
}

/** What has the same files is the same version: it is there already when it was committed. */
function createArtifact({ artifacts }: RecorderState, input: Variables): unknown {
  const [type, collection, digest] = [
    input['artifactTypeName'],
    (input['artifactCollectionNames'] as string[] | undefined)?.[0] ?? input['artifactCollectionName'],
    input['digest'],
  ].map(String) as [string, string, string];
  const aliases = ((input['aliases'] as { alias: string }[] | null) ?? []).map(({ alias }) => alias);
  const versions = artifacts.filter((artifact) => artifact.collection === collection);
  let found = versions.find((artifact) => artifact.digest === digest);
  if (found === undefined) {
    const metadata: unknown = text(input['metadata']) === undefined ? null : JSON.parse(String(input['metadata']));
    const description = text(input['description']) ?? null;
    const id = idOf('Artifact', String(artifacts.length));
    found = {
      id,
      run: text(input['runName']) ?? null,
      type,
      collection,
      digest,
      aliases,
      metadata,
      description,
      committed: false,
      files: {},
    };
    artifacts.push(found);
  } else found.aliases = [...new Set([...found.aliases, ...aliases])];
  return {
    ...{ id: found.id, digest, state: found.committed ? 'COMMITTED' : 'PENDING', versionIndex: versions.indexOf(found) },
    aliases: found.aliases.map((alias) => ({ artifactCollectionName: collection, alias })),
    artifactSequence: { id: idOf('ArtifactSequence', collection), latestArtifact: null },
  };
}

function artifactFile(state: RecorderState, { artifactID, name }: Variables): unknown {
  const at = indexOf(state, artifactID);
  const path = String(name);
  const uploadUrl = `${state.url}/storage/artifact/${at}/${encodePath(path)}`;
  const node = { id: idOf('File', path), name: path, displayName: path, storagePath: `wandb_artifacts/${at}/${path}` };
  return { ...node, uploadUrl, uploadHeaders: ['X-Upload:1'], uploadMultipartUrls: null, artifact: { id: artifactID } };
}

function indexOf({ artifacts }: RecorderState, id: unknown): number {
  const at = artifacts.findIndex((artifact) => artifact.id === id);
  if (at === -1) throw new Error(`no artifact ${String(id)}`);
  return at;
}
