export declare const published: (root?: string) => ReadonlyArray<{ readonly name: string; readonly path: string }>
