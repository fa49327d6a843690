/** In the name of a metric's definition a dot leads into a nested value, unless it is escaped: names of ours have no parts. */
export const escapedName = (name: string): string => name.replaceAll('.', '\\.');

export const plainName = (escaped: string): string => escaped.replaceAll('\\.', '.');
