import { IsNotEmpty, IsOptional, IsString, Matches, MaxLength, ValidateBy } from 'class-validator';

/** What a pipeline or a step may set, beside what every experiment tracker takes (`experiment`, `runName`, `group`, `tags`). */
export class MlflowTrackerSettings {
  /** Experiment at the server; comes before `experiment` and before that of the component's config. */
  @IsOptional()
  @IsString({ context: { description: 'experiment at the MLflow server; comes before "experiment"' } })
  @IsNotEmpty()
  @MaxLength(500)
  experimentName?: string;

  /** When the step completes, its logged model becomes a version of this registered model. */
  @IsOptional()
  @Matches(/^[^/:]+$/, {
    message: 'must be a name without "/" and ":"',
    context: { description: 'registered model that the logged model of a completed step becomes a version of' },
  })
  registerModel?: string;

  /** Given to that version. */
  @IsOptional()
  @ValidateBy(
    {
      name: 'hasModel',
      validator: {
        validate: (_, asked) => (asked?.object as MlflowTrackerSettings).registerModel !== undefined,
        defaultMessage: () => 'needs "registerModel" beside it',
      },
    },
    { context: { description: 'alias for the version that "registerModel" makes' } },
  )
  @Matches(/^(?!latest$|v\d+$)[\p{L}\p{N}_-]{1,255}$/iu, {
    message: 'must be of letters, digits, "_" and "-", at most 255, and neither "latest" nor "v" with a number',
  })
  modelAlias?: string;
}
