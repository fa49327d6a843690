import { define } from './define-error.ts';

/** `meant`: what was probably meant. */
export const FileNotFound = define('FILE_NOT_FOUND', (p: { file: string; meant?: string | undefined }) => [
  `there is no file ${p.file}`,
  p.meant && `Did you mean "${p.meant}"?`,
]);
export const FileNotWritable = define('FILE_NOT_WRITABLE', (p: { file: string; reason: string }) => [
  `cannot write ${p.file}: ${p.reason}`,
  'Check its folder and its permissions.',
]);
export const FileBroken = define('FILE_BROKEN', (p: { file: string; reason: string }) => [`${p.file} cannot be loaded: ${p.reason}`]);
export const PipelineBroken = define('PIPELINE_BROKEN', (p: { pipeline: string; reason: string }) => [
  `pipeline "${p.pipeline}" threw before its first step: ${p.reason}`,
]);
export const NoPipeline = define('NO_PIPELINE', (p: { file: string; wanted?: string; known?: string[] }) => [
  p.wanted === undefined ? `${p.file} exports no pipeline` : `${p.file} has no pipeline "${p.wanted}"`,
  p.known !== undefined && p.known.length > 0
    ? `It has: ${p.known.join(', ')}.`
    : 'Export a pipeline(...) or a class with @pipeline from it.',
]);
export const SeveralPipelines = define('SEVERAL_PIPELINES', (p: { file: string; known: string[] }) => [
  `${p.file} has several pipelines: ${p.known.join(', ')}`,
  `Name one: ${p.file}#${p.known[0] ?? 'NAME'}`,
]);
export const BadUsage = define('BAD_USAGE', (p: { what: string; advice?: string }) => [p.what, p.advice]);
