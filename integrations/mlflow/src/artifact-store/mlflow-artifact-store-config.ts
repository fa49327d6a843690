import { Validate, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';

import { TrackingServerConfig } from '../tracking-server-config.ts';
import { isPlainFolder } from './stored-path.ts';

@ValidatorConstraint({ name: 'isArtifactFolder' })
class IsArtifactFolder implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isPlainFolder(value);
  }

  defaultMessage(): string {
    return 'must be a folder such as team/mortise, without "..", and without any of % # ? ; : ~ " < > | * and backslashes';
  }
}

/** Which MLflow server keeps the artifacts, how it lets us in, and where in its artifact root they are. */
export class MlflowArtifactStoreConfig extends TrackingServerConfig {
  /**
   * Folder below the server's artifact root, the same for all who share the store. On a server with MLflow's basic authentication the folder of an
   * experiment, `<experiment id>/mortise`, has that experiment's permissions; any other has the server's default permission.
   */
  @Validate(IsArtifactFolder, { context: { description: "folder below the server's artifact root" } })
  path: string = 'mortise';
}
