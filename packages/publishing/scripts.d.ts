declare module "*/scripts/published.mjs" {
  interface Published {
    readonly name: string
    readonly path: string
    readonly version: string
    readonly publishConfig: { readonly access: string; readonly tag?: string }
    readonly dependencies?: Readonly<Record<string, string>>
    readonly peerDependencies?: Readonly<Record<string, string>>
  }
  export const published: (root?: string) => ReadonlyArray<Published>
  export const ofBothMajors: (root?: string) => ReadonlyArray<Published>
  export const publishedForEffect4: (root?: string) => ReadonlyArray<Published>
}

declare module "*/scripts/assemble.mjs" {
  export const assemble: (root?: string, folder?: string) => Promise<string>
}

declare module "*/scripts/changesets.mjs" {
  export const problems: (file: string, text: string, names: ReadonlyArray<string>) => ReadonlyArray<string>
  export const problemsOfAll: (names: ReadonlyArray<string>, directory?: string) => ReadonlyArray<string>
}

declare module "*/scripts/brokenApi.mjs" {
  export const brokenApi: (output: string, read: (file: string) => string) => ReadonlyArray<string>
}

declare module "*/language.mjs" {
  export const findings: (
    path: string,
    content: string
  ) => ReadonlyArray<{ readonly index: number; readonly found: string; readonly use: string }>
}
