import { IsNotEmpty, IsString } from 'class-validator';

export class CsvTrackerConfig {
  /** Where the files are; a relative folder is meant from the project root. */
  @IsString({ context: { description: 'where the files are, from the project root' } })
  @IsNotEmpty()
  folder: string = 'csv-runs';
}
