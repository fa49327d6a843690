/** The file that makes a folder a model of MLflow. */
export const MLMODEL = 'MLmodel';

/** A file of a logged model. */
export interface ModelFile {
  model: string;
  /** Path in the model. */
  file: string;
}

/**
 * What an artifact is of a model: one below `model/`, or of the type `model`. `champion/weights.bin` is `weights.bin` of the model `champion`,
 * `weights.bin` alone that of the model `weights`. MLflow shows it at that path among the run's artifacts.
 */
export function modelFileOf({ path, type }: { path: string; type?: string }): ModelFile | undefined {
  if (type !== 'model' && !path.startsWith('model/')) return undefined;
  return { model: modelName(modelFolderOf(path)), file: path.slice(path.indexOf('/') + 1) };
}

/** What the model of an artifact is called by who logged it: its first folder, and without one its name without the ending. */
export function modelFolderOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path.replace(/(?<=.)\.[^.]*$/, '') : path.slice(0, slash);
}

/** May models that are called otherwise have this name at MLflow, as `v1.2` and `v1_2`? */
export function isOfTwoFolders({ model }: ModelFile): boolean {
  return model.includes('_');
}

/** Why an artifact can be no file of a model, in words that follow its path; undefined if it can, or is none of a model. */
export function modelFileRefusal(artifact: { path: string; type?: string }): string | undefined {
  return modelFileOf(artifact)?.file.startsWith(`${MLMODEL}/`) === true
    ? `cannot be in a model: "${MLMODEL}" is the file there that describes it`
    : undefined;
}

/** May artifacts of two paths be this file, as `weights.bin` and `weights/weights.bin`? */
export function isOfTwoPaths({ model, file }: ModelFile): boolean {
  return modelFileOf({ path: file, type: 'model' })!.model === model && !file.includes('/');
}

/** Without the characters that names of logged models cannot have. */
function modelName(text: string): string {
  return text.replaceAll(/[:.%"']/g, '_');
}

/** A model of MLflow by its smallest description, in which there is no flavor that it could load by itself. JSON is YAML. */
export function mlmodelText({ modelId, runId, artifactUri, savedAt }: MlmodelFacts): string {
  const description = {
    artifact_path: artifactUri,
    flavors: {},
    model_id: modelId,
    model_uuid: modelId,
    run_id: runId,
    utc_time_created: new Date(savedAt).toISOString().replace('T', ' ').replace('Z', '000'),
  };
  return `${JSON.stringify(description, undefined, 2)}\n`;
}

interface MlmodelFacts {
  modelId: string;
  runId: string;
  artifactUri: string;
  /** ms UTC. */
  savedAt: number;
}
