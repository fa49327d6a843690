import { IsIn, IsNotEmpty, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

import { PROJECT_NAME } from './wandb-tracker-config.ts';

/** What a pipeline or a step may set, beside what every experiment tracker takes (`experiment`, `runName`, `group`, `tags`). */
export class WandbTrackerSettings {
  /** Comes before that of the component's config. */
  @IsOptional()
  @IsString({ context: { description: 'user or team that owns the run' } })
  @IsNotEmpty()
  entity?: string;

  /** Comes before that of the component's config. */
  @IsOptional()
  @Matches(PROJECT_NAME, { message: 'must be a name without / \\ # ? % :', context: { description: 'project of the run' } })
  @MaxLength(128)
  project?: string;

  /** Default: `WANDB_JOB_TYPE`, then the step's id; of the pipeline run itself `pipeline`. */
  @IsOptional()
  @IsString({ context: { description: "kind of the run, by which runs can be grouped (default: the step's id)" } })
  @IsNotEmpty()
  @MaxLength(64)
  jobType?: string;

  /** Markdown; `activeRun().logNote` replaces it. Default: `WANDB_NOTES`. */
  @IsOptional()
  @IsString({ context: { description: 'markdown on the page of the run' } })
  notes?: string;

  /** Beside the params that are logged. */
  @IsOptional()
  @IsObject({ context: { description: 'values for the config of the run, beside its params' } })
  config?: Record<string, unknown>;

  /** For a step that goes on with a run that is there. Attempts and the items of a mapped step get their own by an addition. Default: one that nobody else has. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,120}$/, {
    message: 'must be of letters, digits, "_" and "-", at most 120',
    context: { description: 'id of the W&B run of a step (default: one that nobody else has)' },
  })
  runId?: string;

  /** What to do when there is a run of this `runId` which is not ours: `allow` goes on with it, `must` wants it to be there, `never` wants it not to. */
  @IsOptional()
  @IsIn(['allow', 'must', 'never'], {
    context: { description: 'whether a run of this runId may, must or must not be there (default: allow)' },
  })
  resume?: 'allow' | 'must' | 'never';
}
