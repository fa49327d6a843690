import { IsNotEmpty, IsString } from 'class-validator';

export class CsvTrackerConfig {
  /** Where the files are; a relative folder is meant from the project root. */
  @IsString()
  @IsNotEmpty()
  folder: string = 'csv-runs';
}
