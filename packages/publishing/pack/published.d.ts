declare module "*/scripts/published.mjs" {
  export const published: (root?: string) => ReadonlyArray<{ readonly name: string; readonly path: string }>
}
