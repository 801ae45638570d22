/** Name of a module to the file it is in. */
export declare const moduleAliases: Readonly<Record<string, string>>
