import { ArrayUnique, IsArray, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

/** What a pipeline or a step may set, beside what every experiment tracker takes (`experiment`, `runName`, `group`, `tags`). */
export class CometTrackerSettings {
  /** Name of the Comet experiment; comes before `runName`. */
  @IsOptional()
  @IsString({ context: { description: 'name of the Comet experiment; comes before "runName"' } })
  @IsNotEmpty()
  @MaxLength(100)
  experimentName?: string;

  /** Comet project; comes before `experiment` and before that of the component's config. */
  @IsOptional()
  @IsString({ context: { description: 'Comet project; comes before "experiment"' } })
  @IsNotEmpty()
  @MaxLength(100)
  projectName?: string;

  /** Comet workspace; comes before that of the component's config. */
  @IsOptional()
  @IsString({ context: { description: "Comet workspace; comes before that of the component's config" } })
  @IsNotEmpty()
  workspace?: string;

  /** Comet's own tags, which are single words. Beside them are always the names of the run, of the pipeline and of the group; `tags` become Comet's others. */
  @IsOptional()
  @IsArray({ context: { description: 'tags in the sense of Comet, single words: ["baseline"]' } })
  @ArrayUnique()
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  labels?: string[];
}
