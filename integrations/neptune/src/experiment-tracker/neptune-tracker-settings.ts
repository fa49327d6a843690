import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

/** What a pipeline or a step may set, beside what every experiment tracker takes (`experiment`, `runName`, `group`, `tags`). */
export class NeptuneTrackerSettings {
  /** Experiment in Neptune; comes before `experiment`. */
  @IsOptional()
  @IsString({ context: { description: 'experiment in Neptune; comes before "experiment"' } })
  @IsNotEmpty()
  @MaxLength(730)
  experimentName?: string;
}
