import { define } from './define-error.ts';

export const BadArtifactKey = define('BAD_ARTIFACT_KEY', (p: { key: string; reason: string }) => [
  `"${p.key}" is no artifact key: ${p.reason}`,
]);
export const ArtifactNotFound = define('ARTIFACT_NOT_FOUND', (p: { what: string; where?: string }) => [
  `${p.what} is not there${p.where === undefined ? '' : ` (${p.where})`}`,
]);
export const ArtifactExists = define('ARTIFACT_EXISTS', (p: { key: string }) => [`an artifact is stored at "${p.key}" already`]);
export const ArtifactCorrupt = define('ARTIFACT_CORRUPT', (p: { what: string; expected: string; found: string }) => [
  `${p.what} is damaged: ${p.found} where ${p.expected} was stored`,
  'Run the step again with --no-cache.',
]);
export const ArtifactStoreFailed = define(
  'ARTIFACT_STORE_FAILED',
  (p: { store: string; doing: string; reason: string; advice?: string }) => [
    `the artifact store "${p.store}" failed ${p.doing}: ${p.reason}`,
    p.advice,
  ],
);
export const NotSerializable = define('NOT_SERIALIZABLE', (p: { path: string; what: string }) => [
  `${p.path} is ${p.what}, for which there is no materializer`,
]);
export const StreamSpent = define('STREAM_SPENT', (_: object) => [
  'this stream was read already, and can be read only once',
  'Give stream() a function that opens it, or let the next step read it.',
]);
export const BadMaterializer = define('BAD_MATERIALIZER', (p: { materializer: string; reason: string }) => [
  `the materializer "${p.materializer}" ${p.reason}`,
  'Mend it where it is passed to registerMaterializer().',
]);
export const UnknownMaterializer = define('UNKNOWN_MATERIALIZER', (p: { name: string; version: number }) => [
  `no materializer "${p.name}" version ${p.version}`,
  'Import the module that registers it.',
]);
