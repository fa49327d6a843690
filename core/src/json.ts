/** A value that JSON can hold. NaN and infinities are not among them: metrics carry them as the strings "NaN", "Infinity", "-Infinity". */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };
