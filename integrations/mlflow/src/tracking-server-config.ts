import { IsBoolean, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min, Validate, ValidateIf, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';

import { isTrackingUri, TRACKING_URI_RULE } from './tracking-uri.ts';

@ValidatorConstraint({ name: 'isTrackingUri' })
class IsTrackingUri implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isTrackingUri(value);
  }

  defaultMessage({ value }: { value?: unknown } = {}): string {
    if (value === undefined) return 'must be given unless the variable MLFLOW_TRACKING_URI is set';
    return `${TRACKING_URI_RULE}; "mlflow server --backend-store-uri ..." serves a folder or a database`;
  }
}

/** Which MLflow server is meant, and how it lets us in. */
export class TrackingServerConfig {
  /**
   * Where the server answers. Without it MLflow's own variables count, `MLFLOW_TRACKING_URI` and those of its credentials; with it none of them is looked
   * at, so that a password for one server is never sent to another.
   */
  @ValidateIf(({ trackingUri }: TrackingServerConfig) => trackingUri !== undefined || !process.env['MLFLOW_TRACKING_URI'])
  @Validate(IsTrackingUri, { context: { description: 'where the MLflow server answers (default: MLFLOW_TRACKING_URI and its like)' } })
  trackingUri?: string;

  /** With `trackingPassword`, for a server with basic authentication. */
  @IsOptional()
  @IsString({ context: { description: 'user of basic authentication' } })
  @IsNotEmpty()
  trackingUsername?: string;

  @IsOptional()
  @IsString({ context: { description: 'password of basic authentication' } })
  @IsNotEmpty()
  trackingPassword?: string;

  /** Sent as `Authorization: Bearer`, unless there is a `trackingUsername`. */
  @IsOptional()
  @IsString({ context: { description: 'bearer token, for a server behind a gateway' } })
  @IsNotEmpty()
  trackingToken?: string;

  /** Takes any certificate of the server. */
  @IsBoolean({ context: { description: 'takes any certificate of the server: only for a try on your own machine' } })
  trackingInsecureTls: boolean = false;

  /** PEM file of certificate authorities to trust beside those that Node trusts; relative to the project. */
  @IsOptional()
  @IsString({ context: { description: 'PEM file of certificate authorities to trust as well' } })
  @IsNotEmpty()
  trackingCaFile?: string;

  /** How long one request may take, ms; of an upload or a download, how long it may stand still. */
  @IsInt({ context: { description: 'how long one request may take, or a transfer stand still, ms' } })
  @Min(1)
  @Max(3_600_000)
  timeoutMs: number = 60_000;
}
