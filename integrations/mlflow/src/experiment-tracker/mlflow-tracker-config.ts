import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

import { TrackingServerConfig } from '../tracking-server-config.ts';

export class MlflowTrackerConfig extends TrackingServerConfig {
  /** For runs that name no experiment, neither themselves nor by a setting. Default: the pipeline's name. */
  @IsOptional()
  @IsString({ context: { description: "experiment of runs that name none (default: the pipeline's name)" } })
  @IsNotEmpty()
  @MaxLength(500)
  experimentName?: string;
}
